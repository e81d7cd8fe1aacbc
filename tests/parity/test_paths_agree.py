"""The live reading and the trained-on snapshot take different ways from the stored facts to one result."""

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from customer.features.definitions import FEATURE_NAMES
from customer.features.vector import encode
from profile_api.store.feature_vectors import connect_features, read_feature_vectors
from tests.parity.engines import Vectors, differences, reference
from tests.parity.planted import NOON, planted_world
from tests.parity.randomised import random_world
from tests.parity.stored import TENANT, store
from tests.parity.world import World
from training.database_snapshot import snapshot_from_database
from training.examples import feature_frame
from training.spine import spine_of

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


def test_the_snapshot_trained_on_gives_the_same_numbers(world: World, database_url: str, tmp_path: Path) -> None:
    store(world, database_url)
    snapshot = snapshot_from_database(database_url, tmp_path / "snapshot", known_before=LONG_AFTER)
    spine = spine_of(snapshot, world.spine)
    frame = feature_frame(snapshot, spine)
    expected = reference(world)
    wrong = []
    for customer_id, as_of, row in zip(
        spine["customer_id"].to_pylist(), spine["as_of"].to_pylist(), frame.values.tolist(), strict=True
    ):
        want = encode(FEATURE_NAMES, [expected[customer_id, as_of][name] for name in FEATURE_NAMES])
        wrong += [
            (customer_id, as_of, name)
            for name, a, b in zip(FEATURE_NAMES, want, row, strict=True)
            if a != b and not (math.isnan(a) and math.isnan(b))
        ]
    assert frame.values.shape == (len(world.spine), len(FEATURE_NAMES))
    assert wrong == []
