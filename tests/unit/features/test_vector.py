"""A feature vector becomes numbers the same way wherever it comes from."""

import math

import pytest

from customer.features.vector import FeatureValueError, UnknownFeatureError, encode


def test_null_is_nan_a_word_its_position_and_a_claim_one_or_zero() -> None:
    columns = ["order_count", "mean_basket", "last_order_channel", "is_multichannel", "days_since_last_order"]
    assert encode(columns, [3, 12.5, "STORE", True, 0]) == [3.0, 12.5, 2.0, 1.0, 0.0]
    assert all(math.isnan(value) for value in encode(columns, [None] * 5))


def test_columns_may_come_in_any_order() -> None:
    assert encode(["mean_basket", "order_count"], [1.5, 2]) == [1.5, 2.0]


def test_a_word_outside_the_vocabulary_is_missing() -> None:
    assert math.isnan(encode(["last_order_channel"], ["FAX"])[0])


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(UnknownFeatureError, match="shoe_size"):
        encode(["order_count", "shoe_size"], [1, 2])


@pytest.mark.parametrize(("column", "value"), [("order_count", "three"), ("last_order_channel", 3)])
def test_a_value_of_the_wrong_type_is_refused_with_its_feature(column: str, value: int | str) -> None:
    with pytest.raises(FeatureValueError, match=column):
        encode([column], [value])
