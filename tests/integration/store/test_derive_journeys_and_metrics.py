"""Purchase journeys and metrics equal a slow, obvious telling of the same facts."""

import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customer.lifecycle.policy import default_policy
from profile_api.store.derive import named_statement
from tests.integration.store.loading import Derivation
from tests.integration.store.shoppers import NOW, Shopper, make_shopper, obvious_journeys, obvious_metrics

_SLOW = settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)  # fmt: skip
POLICY = default_policy()


@_SLOW
@given(random=st.randoms(use_true_random=False))
def test_journeys_and_metrics_equal_the_obvious_telling(derivation: Derivation, random: Random) -> None:
    shoppers = [make_shopper(random, 100 * (n + 1)) for n in range(2)]
    with derivation.undone():
        _load(derivation, shoppers)
        derivation.refresh_at(1, NOW)
        _assert_equal(derivation, shoppers)


MUTANTS = {
    "silence": ("journey", "occurred_at >= lag(occurred_at)", "occurred_at > lag(occurred_at)"),
    "order ends a journey": ("journey", "lag(order_id) over running is not null\n      or", ""),
    "intent": ("journey", "where latest_intent >= piece or order_id is not null", ""),
    "given up": ("journey", "having max(order_id) is not null or bool_or(is_last)", ""),
    "ties": ("journey", "(order_id is not null), id", "id"),
    "channel order": ("journey", "group by channel order by min(position)", "group by channel order by channel"),
    "valid": ("metrics", "invalid_at > $3::timestamptz", "true"),
    "placed": ("metrics", "and (o.invalid_at is null or o.invalid_at > o.ordered_at)", ""),
    "currency": ("metrics", "when placed_order.currency = house.currency then", "when true then"),
    "p90": ("metrics", "(90 * count", "(50 * count"),
    "same-day gap": ("metrics", "filter (where gap > 0)", "filter (where gap >= 0)"),
    "unmatched returns": ("metrics", "- coalesce(unmatched_return.amount_minor, 0)", ""),
    "return kinds": ("metrics", "'RETURN', 'REFUND')", "'RETURN', 'REFUND', 'CANCELLATION')"),
    "half-life": ("metrics", "/ $4::double precision", "/ $4::double precision * 20"),
    "two orders": ("metrics", "whole_n >= 2", "whole_n >= 1"),
    "trigger window": ("metrics", "hours => 24 * $5::integer", "hours => 23 * $5::integer"),
    "trigger type": ("metrics", "and event.type not in ('ORDER', 'DELIVERY', 'FEEDBACK', 'SERVICE')", ""),
    "last event": ("metrics", "and occurred_at <= $3::timestamptz", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_mutant_is_caught(derivation: Derivation, name: str) -> None:
    file, original, mutated = MUTANTS[name]
    assert original in named_statement(file)

    def statement(asked: str) -> str:
        text = named_statement(asked)
        return text.replace(original, mutated) if asked == file else text

    random = Random(3)
    shoppers = [make_shopper(random, 100 * (n + 1)) for n in range(100)]
    with derivation.undone():
        _load(derivation, shoppers)
        try:
            derivation.refresh_at(1, NOW, statement=statement)
        except asyncpg.IntegrityConstraintViolationError:
            return
        with pytest.raises(AssertionError):
            _assert_equal(derivation, shoppers)


def test_equal_figures_get_equal_quintiles_and_the_best_fifth_is_five(derivation: Derivation) -> None:
    with derivation.undone():
        derivation.execute(_TENANT)
        for number in range(1, 11):
            derivation.execute(
                "insert into customer_metrics (customer_id, tenant_id, computed_at, currency, order_count, "
                "net_revenue_minor, last_order_at, returned_order_count, active_months) "
                "values ($1, 1, now(), 'EUR', $2, $3, $4, 0, 1)",
                number,
                2 if number <= 6 else 9,
                None if number == 1 else number * 100,
                NOW - timedelta(days=20 - number),
            )  # fmt: skip
        derivation.execute(named_statement("metrics_rfm"), 1, NOW)
        rows = derivation.fetch("select rfm from customer_metrics order by customer_id")
        scores = [json.loads(row["rfm"]) for row in rows]
        assert [score["recency"] for score in scores] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
        assert [score["frequency"] for score in scores] == [1] * 6 + [4] * 4
        assert [score["monetary"] for score in scores] == [None, 1, 1, 2, 2, 3, 3, 4, 4, 5]


def _assert_equal(derivation: Derivation, shoppers: list[Shopper]) -> None:
    for number, shopper in enumerate(shoppers):
        root = 10 * (number + 1)
        assert _journeys(derivation, root) == obvious_journeys(shopper, POLICY)
        assert _metrics(derivation, root) == obvious_metrics(shopper, POLICY)


def _journeys(derivation: Derivation, root: int) -> list[dict[str, Any]]:
    rows = derivation.fetch(
        "select * from purchase_journey where customer_id = $1 order by started_at, first_event_id", root
    )
    return [{key: value for key, value in row.items() if key not in ("tenant_id", "customer_id")} for row in rows]


def _metrics(derivation: Derivation, root: int) -> dict[str, Any]:
    (row,) = derivation.fetch("select * from customer_metrics where customer_id = $1", root)
    documents = {"preferences", "channel_profile", "acquisition"}
    not_compared = {"customer_id", "tenant_id", "computed_at", "rfm"}
    return {
        key: json.loads(value, object_hook=_with_instants) if key in documents and value else value
        for key, value in row.items()
        if key not in not_compared
    }


def _with_instants(document: dict[str, Any]) -> dict[str, Any]:
    instants = {"at", "firstUsedAt", "lastUsedAt"}
    return {key: datetime.fromisoformat(value) if key in instants else value for key, value in document.items()}


def _load(derivation: Derivation, shoppers: list[Shopper]) -> None:
    derivation.execute(_TENANT)
    for number, shopper in enumerate(shoppers):
        root = 10 * (number + 1)
        derivation.many(
            "insert into customer (id, tenant_id, root_id, created_at) overriding system value values ($1, 1, $2, $3)",
            [(root, root, NOW), (root + 1, root, NOW)],
        )
        derivation.many(_ORDER, [
            (b.id, root + b.member, str(b.id), b.at, b.day, b.month, b.channel, b.store, b.category, b.payment,
             b.delivery, b.currency, b.total, b.refunded, b.invalid_at)
            for b in shopper.baskets
        ])  # fmt: skip
        derivation.many(_LINE, [
            (b.id, line, root + b.member, category)
            for b in shopper.baskets for line, category in enumerate(b.line_categories)
        ])  # fmt: skip
        derivation.many(_EVENT, [
            (t.id, root + t.member, t.name, t.type, t.channel, t.at, t.received_at, t.store, t.campaign, t.order,
             json.dumps(dict(t.properties)))
            for t in shopper.touches
        ])  # fmt: skip
        derivation.many(_RETURN, [
            (r.id, root + r.member, r.basket, str(r.id), r.kind, r.at, r.amount) for r in shopper.returns
        ])  # fmt: skip


_TENANT = """
insert into tenant (id, key, name, currency, time_zone) overriding system value values (1, 't', 't', 'EUR', 'UTC')
"""
_ORDER = """
insert into customer_order (
  id, tenant_id, customer_id, order_key, ordered_at, received_at, local_day, local_month, local_hour, channel, store_id,
  main_category, payment_method, delivery_type, currency, total_minor, refunded_minor, invalid_at, source
) overriding system value
values ($1, 1, $2, $3, $4, $4, $5, $6, 0, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'test')
"""
_LINE = "insert into order_line (order_id, line_number, tenant_id, customer_id, category) values ($1, $2, 1, $3, $4)"
_EVENT = """
insert into event (
  id, tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day, local_month, local_hour,
  store_id, campaign, order_id, properties, source, message_key
) overriding system value
values ($1, 1, $2, $3, $4, $5, $6, $7, 0, 0, 0, $8, $9, $10, $11, 'test', gen_random_uuid())
"""
_RETURN = """
insert into order_adjustment (
  id, tenant_id, customer_id, order_id, adjustment_key, kind, occurred_at, received_at, local_day, amount_minor, source
) overriding system value
values ($1, 1, $2, $3, $4, $5, $6, $6, 0, $7, 'test')
"""
