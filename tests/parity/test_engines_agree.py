"""Every feature on every engine is exactly what its description says, computed the slow way."""

import pytest

from customer.features.definitions import FEATURE_NAMES
from tests.parity.engines import differences, duckdb_vectors, duckdb_with, postgres_vectors, reference
from tests.parity.planted import planted_world
from tests.parity.randomised import random_world
from tests.parity.world import World


def worlds() -> World:
    """The planted edges and a random crowd in one world."""
    world = planted_world()
    world.add(random_world(7, first_id=100_000))
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return worlds()


def test_duckdb_computes_every_feature_exactly(world: World) -> None:
    assert differences(reference(world), duckdb_vectors(duckdb_with(world))) == []


def test_postgresql_computes_every_feature_exactly(world: World, database_url: str) -> None:
    assert differences(reference(world), postgres_vectors(world, database_url)) == []


@pytest.mark.parametrize("seed", range(4))
def test_random_crowds_give_no_surprise(seed: int) -> None:
    crowd = random_world(seed)
    assert differences(reference(crowd), duckdb_vectors(duckdb_with(crowd))) == []


def test_the_worlds_show_every_feature_in_several_values(world: World) -> None:
    vectors = reference(world).values()
    assert [name for name in FEATURE_NAMES if len({vector[name] for vector in vectors}) < 2] == []
