"""The parity worlds are sharp: every small mistake planted in the feature SQL is seen."""

import duckdb
import pytest

from customer.features.definitions import feature_vectors_sql
from tests.parity.engines import Vectors, duckdb_vectors, duckdb_with, reference
from tests.parity.planted import planted_world
from tests.parity.randomised import random_world

MUTANTS = [
    # what may be known
    ("feature_order.occurred_at < member.as_of", "feature_order.occurred_at <= member.as_of"),
    ("feature_order.received_at < member.as_of", "feature_order.received_at <= member.as_of"),
    ("    and feature_order.received_at < member.as_of\n", ""),
    ("    and feature_order.occurred_at < member.as_of\n", ""),
    ("feature_event.occurred_at < member.as_of", "feature_event.occurred_at <= member.as_of"),
    ("    and feature_event.received_at < member.as_of\n", ""),
    ("feature_adjustment.received_at < member.as_of", "feature_adjustment.received_at <= member.as_of"),
    ("    and feature_adjustment.occurred_at < member.as_of\n", ""),
    ("feature_order.invalid_at < member.as_of and ", ""),
    ("feature_order.invalid_at < member.as_of", "feature_order.invalid_at <= member.as_of"),
    ("feature_order.invalid_received_at < member.as_of", "feature_order.invalid_received_at <= member.as_of"),
    ("feature_member.known_at < spine.as_of", "feature_member.known_at <= spine.as_of"),
    ("feature_member.until_at >= spine.as_of", "feature_member.until_at > spine.as_of"),
    # what is a valid order, and what it is worth
    ("(net_minor is null or net_minor > 0)", "(net_minor is null or net_minor >= 0)"),
    ("(net_minor is null or net_minor > 0)", "net_minor > 0"),
    ("invalid = 0 and cancellation_count = 0 and", "invalid = 0 and"),
    ("invalid = 0 and cancellation_count = 0 and", "cancellation_count = 0 and"),
    ("feature_order.total_minor - coalesce(adjusted_order.adjusted_minor, 0)", "feature_order.total_minor"),
    ("    on adjusted_order.customer_id = member.customer_id\n    and", "    on"),
    ("and adjusted_order.as_of = member.as_of\n", "\n"),
    # windows of time
    ("days_ago <= 7)", "days_ago < 7)"),
    ("days_ago <= 365) as order_count_365d", "days_ago <= 366) as order_count_365d"),
    ("days_ago > 30 and days_ago <= 60", "days_ago >= 30 and days_ago <= 60"),
    ("days_ago > 334 and", "days_ago > 335 and"),
    ("days_ago > 274 and days_ago <= 364) as net", "days_ago > 274 and days_ago <= 365) as net"),
    ("feature_order.local_day as days_ago", "feature_order.local_day - 1 as days_ago"),
    # ranks and ties
    ("max(net_minor) filter (where occurred_at = last_at)", "min(net_minor) filter (where occurred_at = last_at)"),
    ("max(net_minor) filter (where occurred_at = first_at)", "min(net_minor) filter (where occurred_at = first_at)"),
    ("max(line_count) filter (where occurred_at = last_at)", "min(line_count) filter (where occurred_at = last_at)"),
    ("max(channel_code) filter (where occurred_at = l", "min(channel_code) filter (where occurred_at = l"),
    (
        "max(channel_code) filter (where occurred_at = first_at)",
        "max(channel_code) filter (where occurred_at = last_at)",
    ),
    ("max(occurred_at) as last_at", "min(occurred_at) as last_at"),
    ("(basket_rank - 1) * 100 < 50 * priced_count", "basket_rank * 100 <= 50 * priced_count"),
    ("  where net_minor is not null\n", ""),
    ("(gap_rank - 1) * 100 < 75 * gap_count", "(gap_rank - 1) * 100 <= 75 * gap_count"),
    ("by net_minor asc nulls last, order_id", "by net_minor desc nulls last, order_id"),
    ("gap_days asc nulls last, days_ago", "gap_days asc nulls first, days_ago"),
    ("filter (where newest_rank = 2) as previous_gap_days", "filter (where newest_rank = 3) as previous_gap_days"),
    ("newest_rank <= 4", "newest_rank <= 3"),
    ("rhythm.gap_count >= 3", "rhythm.gap_count > 3"),
    ("newest_rank <= gap_count and priced_count > 0", "newest_rank <= gap_count"),
    ("sum(net_minor) filter (where newest_rank <= gap_count)", "sum(net_minor)"),
    ("local_month then 0", "local_month then 1"),
    # arithmetic
    ("(rhythm.gap_count - 1)", "rhythm.gap_count"),
    ("(rhythm.gap_count * (rhythm.gap_count - 1)", "(rhythm.gap_count * (rhythm.gap_count - 1) + 1"),
    ("rhythm.tenure_days - rhythm.second_days_ago", "rhythm.tenure_days - rhythm.silence_days"),
    ("case when order_summary.priced_count = 0 then null\n", "case when false then null\n"),
    ("discount_minor > 0", "discount_minor > 1"),
    # words, hours, weekdays
    ("when 'SOCIAL' then 7", "when 'SOCIAL' then 8"),
    ("when 6 then 'SMS' when 7", "when 6 then 'EMAIL' when 7"),
    ("local_hour < 12", "local_hour <= 12"),
    ("local_hour >= 18", "local_hour > 18"),
    ("(local_day + 3) % 7 >= 5", "(local_day + 3) % 7 > 5"),
    ("spine.local_month % 12 + 1", "spine.local_month % 12"),
    ("feature_event.type <> 'ORDER'", "feature_event.type <> 'order'"),
    ("'Email Opened', ", ""),
    ("where type = 'BROWSE' and days_ago <= 90\n  group by", "where type = 'BROWSE' and days_ago <= 91\n  group by"),
    ("  group by customer_id, as_of, days_ago\n),\nbrowse_day_summary", "),\nbrowse_day_summary"),
    ("  where days_ago <= 90\n  group by customer_id, as_of, channel", "  group by customer_id, as_of, channel"),
    # products
    ("first_days_ago > last_days_ago", "first_days_ago >= last_days_ago"),
    ("  where product_id is not null\n", ""),
    ("  where category is not null\n", ""),
    ("max(line_count) as top_category_line_count", "min(line_count) as top_category_line_count"),
]  # fmt: skip


@pytest.fixture(scope="module")
def bench() -> tuple[duckdb.DuckDBPyConnection, Vectors]:
    world = planted_world()
    world.add(random_world(7, first_id=100_000))
    return duckdb_with(world), reference(world)


@pytest.mark.parametrize(("right", "wrong"), MUTANTS)
def test_a_planted_mistake_is_caught(right: str, wrong: str, bench: tuple[duckdb.DuckDBPyConnection, Vectors]) -> None:
    connection, expected = bench
    text = feature_vectors_sql()
    assert right in text, "the mutant no longer applies"
    assert duckdb_vectors(connection, sql=text.replace(right, wrong)) != expected
