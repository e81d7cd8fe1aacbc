"""The live reading and the trained-on snapshot take different ways from the stored facts to one result."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from anyio import to_thread

from customer.features.definitions import FEATURE_NAMES, FEATURES
from profile_api.store.feature_vectors import connect_features, read_feature_vectors
from scoring.vectors import VectorReader
from tests.parity.engines import Vectors, differences, reference
from tests.parity.planted import NOON, planted_world
from tests.parity.randomised import random_world
from tests.parity.stored import TENANT, store
from tests.parity.world import World
from training.data.database_snapshot import snapshot_from_database
from training.data.examples import feature_frame
from training.data.spine import spine_of

LONG_AFTER = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    world = planted_world(timed_membership=False)
    world.add(random_world(7, first_id=100_000))
    return world


@pytest.mark.anyio
async def test_the_live_reading_of_stored_facts_is_exact(world: World, database_url: str) -> None:
    store(world, database_url)
    found: Vectors = {}
    connection = await connect_features(database_url)
    for as_of in {as_of for _, as_of in world.spine}:
        customers = [customer_id for customer_id, instant in world.spine if instant == as_of]
        vectors = await read_feature_vectors(connection, TENANT, customers, as_of)
        for customer_id, row in zip(vectors.customer_ids, vectors.rows, strict=True):
            found[customer_id, as_of] = dict(zip(vectors.columns, row, strict=True))
    await connection.close()
    assert differences(reference(world), found) == []


@pytest.mark.anyio
async def test_an_absorbed_id_answers_as_the_person_and_a_foreign_one_does_not(world: World, database_url: str) -> None:
    store(world, database_url)
    absorbed, person = next((m.member_id, m.customer_id) for m in world.members if m.member_id != m.customer_id)
    connection = await connect_features(database_url)
    vectors = await read_feature_vectors(connection, TENANT, [absorbed, person, 99_999_999], NOON)
    foreign = await read_feature_vectors(connection, TENANT + 1, [person], NOON)
    await connection.close()
    assert vectors.customer_ids == [person]
    assert foreign.rows == []


@pytest.mark.anyio
async def test_models_are_asked_with_the_very_numbers_they_are_trained_on(
    world: World, database_url: str, tmp_path: Path
) -> None:
    store(world, database_url)
    snapshot = await to_thread.run_sync(
        lambda: snapshot_from_database(database_url, tmp_path / "snapshot", known_before=LONG_AFTER)
    )
    spine = spine_of(snapshot, world.spine)
    trained = feature_frame(snapshot, spine)
    asked = await _as_scoring_reads_them(database_url, world)
    keys = zip(spine["customer_id"].to_pylist(), spine["as_of"].to_pylist(), strict=True)
    np.testing.assert_array_equal(trained.values, np.array([asked[key] for key in keys]))
    assert trained.values.shape == (len(world.spine), len(FEATURE_NAMES))


async def _as_scoring_reads_them(database_url: str, world: World) -> dict[tuple[int, datetime], list[float]]:
    """The live vectors of the whole spine, through the scoring service's own reading of rows."""
    reader = VectorReader(FEATURES, max_rows=10_000)
    matrix: dict[tuple[int, datetime], list[float]] = {}
    connection = await connect_features(database_url)
    for as_of in {as_of for _, as_of in world.spine}:
        customers = [customer_id for customer_id, instant in world.spine if instant == as_of]
        vectors = await read_feature_vectors(connection, TENANT, customers, as_of)
        rows = reader.read(vectors.columns, vectors.rows).tolist()
        matrix |= {(customer_id, as_of): row for customer_id, row in zip(vectors.customer_ids, rows, strict=True)}
    await connection.close()
    return matrix
