"""The same features on Spark, for facts that outgrow one machine: the one SQL text, transpiled."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from customer.features.definitions import feature_vectors_sql

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@cache
def spark_feature_sql(sql: str | None = None) -> str:
    """`feature_vectors.sql` in Spark's dialect. What it is written with is limited to what transpiles exactly."""
    tree = sqlglot.parse_one(sql or feature_vectors_sql(), read="postgres")
    for cte in tree.find_all(exp.CTE):
        cte.set("materialized", None)  # a hint to the other engines' planners that Spark does not know
    return tree.sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)


def spark_features(spark: "SparkSession", relations: "Mapping[str, DataFrame]") -> "DataFrame":
    """The features of the rows of `relations["spine"]` from the other relations; the session must be in UTC."""
    for name, frame in relations.items():
        frame.createOrReplaceTempView(name)
    return spark.sql(spark_feature_sql())
