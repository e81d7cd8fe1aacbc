"""Spark, asked with the transpiled text, computes what DuckDB and PostgreSQL compute, to the last bit."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from customer.features.definitions import FEATURE_NAMES
from customer.features.relations import RELATIONS, SPINE, ColumnType
from tests.parity.engines import Vectors, differences, reference
from tests.parity.planted import planted_world
from tests.parity.randomised import random_world
from tests.parity.world import World
from training.spark_features import spark_features

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SPARK_TYPE = {
    ColumnType.BIGINT: "bigint",
    ColumnType.INTEGER: "int",
    ColumnType.TEXT: "string",
    ColumnType.INSTANT: "timestamp",
}


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
        name: spark.createDataFrame(
            rows[name], ", ".join(f"{column} {_SPARK_TYPE[kind]}" for column, kind in columns.items())
        )
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
