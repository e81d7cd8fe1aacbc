"""The feature set says of each feature what a reader, a model and a driver need to know."""

from dataclasses import replace

import pytest

from customer.features.definitions import (
    FEATURE_BY_NAME,
    FEATURE_NAMES,
    FEATURES,
    feature_set_hash,
    feature_vectors_sql,
)
from customer.features.feature import Feature, FeatureType, Kind


def test_every_feature_has_its_own_name() -> None:
    assert len(FEATURE_BY_NAME) == len(FEATURES) >= 40


@pytest.mark.parametrize("feature", FEATURES, ids=FEATURE_NAMES)
def test_a_feature_is_described_in_both_languages_with_its_unit(feature: Feature) -> None:
    assert feature.description.endswith(".")
    assert feature.unit
    assert feature.words_en != feature.words_fr
    assert not feature.words_en.endswith(".")
    assert (feature.dtype is FeatureType.CATEGORY) == bool(feature.vocabulary)
    assert Kind.MONEY in feature.kinds or Kind.SCALED not in feature.kinds


def test_words_tell_features_apart() -> None:
    for words in ([feature.words_en for feature in FEATURES], [feature.words_fr for feature in FEATURES]):
        assert sorted({word for word in words if words.count(word) > 1}) == []


def test_the_hash_names_what_is_computed_not_how_it_is_laid_out() -> None:
    sql = feature_vectors_sql()
    original = feature_set_hash(sql, FEATURES)
    assert feature_set_hash(sql.replace("\n  ", "\n      ") + "\n-- a remark\n", FEATURES) == original
    assert feature_set_hash(sql, [replace(feature, description="Other words.") for feature in FEATURES]) == original


def test_the_hash_changes_with_the_sql_the_order_the_type_and_the_vocabulary() -> None:
    sql = feature_vectors_sql()
    category = FEATURE_BY_NAME["last_order_channel"]
    variants = [
        (sql.replace("days_ago <= 30)", "days_ago <= 31)", 1), FEATURES),
        (sql, FEATURES[::-1]),
        (sql, [replace(FEATURES[0], dtype=FeatureType.FLOAT), *FEATURES[1:]]),
        (sql, [replace(f, vocabulary=f.vocabulary[::-1]) if f is category else f for f in FEATURES]),
    ]
    hashes = {feature_set_hash(text, features) for text, features in [(sql, FEATURES), *variants]}
    assert len(hashes) == 1 + len(variants)
