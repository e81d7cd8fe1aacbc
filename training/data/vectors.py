"""The features of a piece of a spine, computed by this machine, in the numbers that models read."""

import pyarrow as pa

from customer.features.definitions import FEATURE_BY_NAME, FEATURE_NAMES, feature_vectors_sql
from customer.features.feature import FeatureType
from training.data.facts import open_bucket
from training.data.pieces import Piece
from training.data.snapshot import Snapshot


def piece_features(snapshot: Snapshot, piece: Piece) -> pa.Table:
    """customer_id, as_of and the features of the piece's rows, in their order, as doubles."""
    with open_bucket(snapshot, piece.bucket) as connection:
        connection.register("spine", piece.rows)
        return connection.sql(
            f"select customer_id, as_of, {', '.join(encoded(name) for name in FEATURE_NAMES)} "
            f"from ({feature_vectors_sql()}) as vector order by as_of, customer_id"
        ).to_arrow_table()


def encoded(name: str) -> str:
    """The feature as a double, in words that DuckDB and Spark share: null stays null, a category is its code."""
    feature = FEATURE_BY_NAME[name]
    if feature.dtype is FeatureType.CATEGORY:
        branches = " ".join(f"when '{word}' then {code}" for code, word in enumerate(feature.vocabulary))
        return f"cast(case {name} {branches} end as double) as {name}"
    return f"cast({name} as double) as {name}"
