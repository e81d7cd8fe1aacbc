"""The feature set: every feature in column order, the SQL that computes them, and the hash that names both."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from customer.features.catalogue.amounts import AMOUNTS, RETURNS
from customer.features.catalogue.choices import ASSORTMENT, CHANNELS, SEASON
from customer.features.catalogue.orders import ORDERS, RHYTHM
from customer.features.catalogue.touchpoints import TOUCHPOINTS
from customer.features.feature import Feature

FEATURES: tuple[Feature, ...] = (
    *ORDERS, *RHYTHM, *AMOUNTS, *RETURNS, *ASSORTMENT, *CHANNELS, *SEASON, *TOUCHPOINTS,
)  # fmt: skip
FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
FEATURE_BY_NAME: dict[str, Feature] = {feature.name: feature for feature in FEATURES}


@cache
def feature_vectors_sql() -> str:
    """The one text that computes them; it reads `spine` and the relations of `customer.features.relations`."""
    return (files("customer.features") / "feature_vectors.sql").read_text(encoding="utf-8")


def feature_set_hash(sql: str, features: Sequence[Feature]) -> str:
    """A short name for what is computed: comments, layout and the words of descriptions do not change it."""
    code = " ".join(" ".join(line.split("--")[0] for line in sql.splitlines()).split())
    columns = [[feature.name, feature.dtype, list(feature.vocabulary)] for feature in features]
    return hashlib.sha256(json.dumps([code, columns]).encode()).hexdigest()[:16]


FEATURE_SET = feature_set_hash(feature_vectors_sql(), FEATURES)
