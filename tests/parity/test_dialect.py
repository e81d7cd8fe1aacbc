"""The feature SQL keeps to what the engines share, declares what it computes, and the rules that say so do bite."""

import pytest
import sqlglot

from customer.features.definitions import FEATURE_NAMES, FEATURES, feature_vectors_sql
from customer.features.feature import FeatureType
from tests.parity.dialect import violations

TYPES = {
    FeatureType.INTEGER: "BIGINT",
    FeatureType.FLOAT: "DOUBLE",
    FeatureType.BOOLEAN: "BOOLEAN",
    FeatureType.CATEGORY: "TEXT",
}


def test_the_feature_sql_uses_only_what_all_engines_agree_on() -> None:
    assert violations(feature_vectors_sql()) == []


def test_columns_and_definitions_are_the_same_features_in_the_same_order_and_type() -> None:
    tree = sqlglot.parse_one(feature_vectors_sql(), read="postgres")
    assert isinstance(tree, sqlglot.exp.Select)
    projection = tree.selects
    assert [column.alias_or_name for column in projection] == ["customer_id", "as_of", *FEATURE_NAMES]
    found = {}
    for column in projection[2:]:
        cast = column.unalias()
        assert isinstance(cast, sqlglot.exp.Cast)
        found[column.alias] = cast.to.this.name
    assert found == {feature.name: TYPES[feature.dtype] for feature in FEATURES}


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        ("sum(net_minor) filter (where days_ago <= 30)", "avg(net_minor)"),
        ("sum(net_minor) filter (where days_ago <= 30)", "round(net_minor)"),
        ("sum(net_minor) filter (where days_ago <= 30)", "percentile_cont(0.5) within group (order by net_minor)"),
        ("sum(net_minor) filter (where days_ago <= 30)", "sum(ln(net_minor))"),
        ("order by days_ago asc nulls last", "order by days_ago"),
        ("net_minor asc nulls last, order_id asc nulls last", "net_minor asc nulls last"),
        ("partition by customer_id, as_of order by gap_days", "partition by customer_id order by gap_days"),
        ("and feature_order.occurred_at < member.as_of", "and feature_order.occurred_at <= member.as_of"),
        ("    and feature_event.received_at < member.as_of\n", ""),
        ("/ nullif(rhythm.gap_count, 0)", "/ rhythm.gap_count"),
        ("cast(rhythm.gap_sum as double precision) / nullif", "rhythm.gap_sum / nullif"),
        ("cast(rhythm.gap_sum as double precision)", "cast(rhythm.gap_sum as real)"),
        ("cast(spine.year_day as bigint) as year_day", "spine.year_day as year_day"),
        ("(spine.local_day + 3) % 7", "extract(dow from spine.as_of)"),
        ("days_ago <= 14", "days_ago <= 14.5"),
        ("count(channel) as", "count(distinct channel) as"),
        ("from valid_order\n  group by customer_id, as_of\n", "from feature_order\n  group by customer_id, as_of\n"),
    ],
)
def test_a_construct_that_engines_read_differently_is_refused(allowed: str, refused: str) -> None:
    text = feature_vectors_sql()
    assert allowed in text
    assert violations(text.replace(allowed, refused, 1)) != []
