"""The same features on Spark, for facts that outgrow one machine: the one SQL text, transpiled."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot
from sqlglot import exp

from customer.features.definitions import FEATURE_NAMES, feature_vectors_sql
from customer.features.relations import RELATIONS, SPINE, ColumnType
from training.data.snapshot import Snapshot
from training.data.vectors import encoded

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_SPARK_TYPE = {
    ColumnType.BIGINT: "bigint",
    ColumnType.INTEGER: "int",
    ColumnType.TEXT: "string",
    ColumnType.INSTANT: "timestamp",
}


def spark_schema(columns: Mapping[str, ColumnType]) -> str:
    """The columns of a relation in Spark's words."""
    return ", ".join(f"{name} {_SPARK_TYPE[kind]}" for name, kind in columns.items())


@cache
def spark_feature_sql(sql: str) -> str:
    """Our SQL in Spark's dialect. What it may be written with is limited to what transpiles exactly."""
    tree = sqlglot.parse_one(sql, read="postgres")
    for cte in tree.find_all(exp.CTE):
        cte.set("materialized", None)  # a hint to the other engines' planners that Spark does not know
    return tree.sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)


def spark_features(spark: "SparkSession", relations: "Mapping[str, DataFrame]") -> "DataFrame":
    """The features of the rows of `relations["spine"]` from the other relations; the session must be in UTC."""
    for name, frame in relations.items():
        frame.createOrReplaceTempView(name)
    return spark.sql(spark_feature_sql(feature_vectors_sql()))


def write_spark_features(spark: "SparkSession", snapshot: Snapshot, spine: pa.Table, folder: Path) -> None:
    """Writes customer_id, as_of and the features, encoded as models read them, as Parquet into a new `folder`, one
    part of it (`bucket=N`) for each bucket of the snapshot.

    The workers read the snapshot and write the result where they are: both folders must be reachable from all of them.
    """
    spine_file = folder.with_name(f"{folder.name}.spine.parquet")
    pq.write_table(spine.select(list(SPINE)), spine_file)
    relations = {name: _read(spark, snapshot.folder / name, kinds) for name, kinds in RELATIONS.items()}
    relations["spine"] = spark.read.parquet(str(spine_file))
    vectors = spark_features(spark, relations)
    bucket = f"cast(customer_id % {snapshot.bucket_count} as int) as bucket"
    columns = ["customer_id", "as_of", *(encoded(name) for name in FEATURE_NAMES), bucket]
    vectors.selectExpr(*columns).write.partitionBy("bucket").parquet(str(folder))
    spine_file.unlink()


def _read(spark: "SparkSession", folder: Path, columns: Mapping[str, ColumnType]) -> "DataFrame":
    if not any(folder.glob("bucket=*/*.parquet")):  # a relation without rows has no files
        return spark.createDataFrame([], spark_schema(columns))
    return spark.read.parquet(str(folder)).select(*columns)
