"""Spark, asked with the transpiled text, computes what DuckDB and PostgreSQL compute, to the last bit."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from customer.features.definitions import FEATURE_NAMES
from customer.features.relations import RELATIONS, SPINE
from tests.parity.engines import Vectors, differences, reference
from tests.parity.planted import planted_world
from tests.parity.randomised import random_world
from tests.parity.world import World
from training.data.examples import feature_frame
from training.data.order_snapshot import snapshot_from_orders
from training.data.spark_features import spark_features, spark_schema
from training.data.spine import build_spine
from training.engines.spark_engine import SparkEngine

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "1g")
        .config("spark.sql.shuffle.partitions", "1")
        # Compiling code for so wide a query takes longer than interpreting it over so few rows.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def spark_vectors(spark: "SparkSession", world: World) -> Vectors:
    rows = world.relations() | {"spine": world.spine_rows()}
    frames = {
        name: spark.createDataFrame(rows[name], spark_schema(columns))
        for name, columns in (RELATIONS | {"spine": SPINE}).items()
    }
    vectors: Vectors = {}
    for customer_id, as_of, *values in spark_features(spark, frames).collect():
        instant = as_of.astimezone(UTC)
        vectors[customer_id, instant] = dict(zip(FEATURE_NAMES, values, strict=True))
    return vectors


def test_spark_computes_every_feature_exactly(spark: "SparkSession") -> None:
    world = planted_world()
    world.add(random_world(7, first_id=100_000))
    assert differences(reference(world), spark_vectors(spark, world)) == []


def test_features_that_spark_computes_of_a_snapshot_are_those_of_one_machine_in_the_same_order(
    spark: "SparkSession", tmp_path: Path
) -> None:
    orders = tmp_path / "orders.csv"
    rows = [f"c{n % 9},o{n},2024-{1 + n % 9:02}-{1 + n % 27:02}T10:00:00Z,{n}.50,web,p{n % 4}" for n in range(1, 90)]
    orders.write_text("\n".join(["customer_id,order_id,ordered_at,amount,channel,product_id", *rows]))
    end = datetime(2025, 1, 1, tzinfo=UTC)
    snapshot, _ = snapshot_from_orders(orders, tmp_path / "snapshot", known_before=end, now=end)
    spine = build_spine(snapshot, [datetime(2024, 6, 1, tzinfo=UTC), end])
    frame = feature_frame(snapshot, spine)
    computed = feature_frame(snapshot, spine, engine=SparkEngine(spark))
    np.testing.assert_array_equal(computed.customer_id, frame.customer_id)
    np.testing.assert_array_equal(computed.values, frame.values)
