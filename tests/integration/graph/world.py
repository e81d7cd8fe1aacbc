"""A small company in SQL, twice: two tenants whose customers look alike, so that any leak between them shows."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from profile_api.store.database import connect
from profile_api.store.derive import refresh_derived

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def answer(churn: float = 0.42) -> dict[str, Any]:
    """A prediction as the scoring service stores it."""
    model = {"name": "churn", "version": "7", "basis": "MODEL"}
    driver = {
        "feature": "days_since_last_order",
        "value": 12,
        "contribution": 0.31,
        "text_en": "ordered 12 days ago",
        "text_fr": "a commandé il y a 12 jours",
    }
    other = driver | {"feature": "order_count_365d", "contribution": -0.2, "value": None}
    return {
        "id": None,
        "churn": {
            "probability": churn, "band": "MEDIUM", "horizon_days": 90, "definition": "NO_PURCHASE", "model": model,
            "drivers": [driver, other],
        },
        "next_purchase": {
            "p10_days": 3.0, "p50_days": 20.0, "p90_days": 70.5, "days": [10, 30, 60, 90],
            "probability": [0.2, 0.6, 0.8, 0.9], "model": model | {"name": "next_purchase"}, "drivers": [driver],
        },
        "value": {
            "expected_minor": 12050.0, "low_minor": 2000.0, "high_minor": 40000.0, "horizon_days": 365,
            "model": model | {"name": "value"}, "drivers": [],
        },
        "loyalty_potential": None,
        "unavailable": [{"kind": "LOYALTY_POTENTIAL", "code": "NOT_A_FIRST_TIME_BUYER", "message": "has more orders"}],
    }  # fmt: skip


async def load_world(database_url: str) -> None:
    """Both tenants: Ana with a merged second record, Bob with one order, Chloé who was never identified."""
    connection = await connect(database_url)
    try:
        for tenant in (1, 2):
            await _load_tenant(connection, tenant)
            await refresh_derived(connection, tenant, None, now=NOW)
            await _load_predictions(connection, tenant)
            await _load_models(connection, tenant)
    finally:
        await connection.close()


async def _load_tenant(connection: asyncpg.Connection, tenant: int) -> None:
    base = tenant * 100
    mark = f"T{tenant}"
    await connection.execute(
        "insert into tenant (id, key, name, currency, time_zone) values ($1, $2, $2, 'EUR', 'Europe/Paris')",
        tenant, f"shop{tenant}",
    )  # fmt: skip
    traits = json.dumps([{"name": "vip", "value": True, "source": "crm", "observedAt": "2025-01-01T00:00:00+00:00"}])
    people = [
        (base + 1, base + 1, "Ana", f"O'Neil-{mark}", "Nantes", traits),
        (base + 2, base + 1, "Anna", f"ONeil-{mark}", None, "[]"),
        (base + 3, base + 3, "Bob", 'Quote "Backslash\\', "Paris", "[]"),
        (base + 4, base + 4, None, None, None, "[]"),
        (base + 5, base + 5, "Zoé", "Lefèvre", None, "[]"),
    ]
    for id_, root, given, family, city, stated in people:
        await connection.execute(
            "insert into customer (id, tenant_id, root_id, created_at, given_name, family_name, city, traits)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8)",
            id_, tenant, root, NOW - timedelta(days=800), given, family, city, stated,
        )  # fmt: skip
    identities = [
        (base + 1, "EMAIL", "ana@shop.fr", None),
        (base + 2, "LOYALTY_CARD", "9001", None),
        (base + 2, "PHONE", "+33612345678", NOW - timedelta(days=3)),
        (base + 3, "EMAIL", "bob@shop.fr", None),
        (base + 5, "USER_ID", "zoe", None),
    ]
    for customer, kind, value, unlinked in identities:
        await connection.execute(
            "insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by,"
            " unlinked_at) values ($1, $2, $3, $4, 'shop', 'exact', $5, 'import', $6)",
            tenant, customer, kind, value, NOW - timedelta(days=700), unlinked,
        )  # fmt: skip
    for number, (customer, days, minor, channel) in enumerate(orders_of(base), start=1):
        await _load_order(connection, tenant, customer, f"{mark}-{number}", NOW - timedelta(days=days), minor, channel)
    await _load_events(connection, tenant, base)
    await connection.execute(
        "insert into consent (tenant_id, customer_id, purpose, channel, status, source, effective_at, recorded_at)"
        " values ($1, $2, 'MARKETING', 'EMAIL', 'GRANTED', 'shop', $3, $3),"
        " ($1, $2, 'MARKETING', 'EMAIL', 'WITHDRAWN', 'shop', $4, $4),"
        " ($1, $5, 'profiling', null, 'GRANTED', 'shop', $3, $3)",
        tenant, base + 1, NOW - timedelta(days=300), NOW - timedelta(days=10), base + 2,
    )  # fmt: skip
    await connection.execute(
        "insert into source_record (tenant_id, customer_id, source, source_key, traits, observed_at, received_at)"
        " values ($1, $2, 'crm', $3, '{\"vip\": true}', $4, $4)",
        tenant, base + 1, mark, NOW - timedelta(days=400),
    )  # fmt: skip


def orders_of(base: int) -> list[tuple[int, int, int, str]]:
    """(leaf, days ago, minor units, channel): Ana's are spread over her two records."""
    ana = [
        (base + 1 + number % 2, 20 + 30 * number, 1000 + 111 * number, "WEB" if number % 3 else "STORE")
        for number in range(12)
    ]
    return [*ana, (base + 3, 15, 9999, "APP")]


async def _load_order(
    connection: asyncpg.Connection, tenant: int, customer: int, key: str, at: datetime, minor: int, channel: str
) -> None:
    day = (at - EPOCH).days
    month = (at.year - 1970) * 12 + at.month - 1
    order_id = await connection.fetchval(
        "insert into customer_order (tenant_id, customer_id, order_key, ordered_at, received_at, local_day,"
        " local_month, local_hour, channel, store_id, currency, total_minor, line_count, main_category, payment_method,"
        " source)"
        " values ($1, $2, $3, $4, $4, $5, $6, 12, $7, $8, 'EUR', $9, 2, 'Garden', 'card', 'shop') returning id",
        tenant, customer, key, at, day, month, channel, "NTE1" if channel == "STORE" else None, minor,
    )  # fmt: skip
    await connection.execute(
        "insert into order_line (order_id, line_number, tenant_id, customer_id, product_id, category, quantity,"
        " amount_minor) values ($1, 1, $2, $3, 'P-1', 'Garden', 1.5, $4), ($1, 2, $2, $3, 'P-2', 'Tools', 1, 100)",
        order_id, tenant, customer, minor - 100,
    )  # fmt: skip
    await _load_event(connection, tenant, customer, "Order Completed", "ORDER", channel, at, {}, order_id)


async def _load_event(
    connection: asyncpg.Connection,
    tenant: int,
    customer: int,
    name: str,
    kind: str,
    channel: str,
    at: datetime,
    properties: dict[str, Any],
    order_id: int | None = None,
) -> None:
    await connection.execute(
        "insert into event (tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day,"
        " local_month, local_hour, source, properties, order_id, message_key)"
        " values ($1, $2, $3, $4, $5, $6, $6, $7, $8, 12, 'shop', $9, $10, gen_random_uuid())",
        tenant, customer, name, kind, channel, at, (at - EPOCH).days, (at.year - 1970) * 12 + at.month - 1,
        json.dumps(properties), order_id,
    )  # fmt: skip


async def _load_events(connection: asyncpg.Connection, tenant: int, base: int) -> None:
    happened: list[tuple[int, str, str, str, float, dict[str, Any]]] = [
        (base + 1, "Product Viewed", "BROWSE", "WEB", 22, {"product_id": "P-9", "category": "Garden"}),
        (base + 2, "Product Added", "CART", "APP", 21, {"cart_id": "k1", "products": [{"product_id": "P-9"}]}),
        (base + 1, "Email Opened", "CAMPAIGN", "EMAIL", 5, {"promotion_id": "spring"}),
        (base + 1, "Survey Answered", "FEEDBACK", "EMAIL", 40, {"kind": "NPS", "score": 6, "comment": "late"}),
        (base + 2, "Survey Answered", "FEEDBACK", "EMAIL", 4, {"kind": "NPS", "score": 8}),
        (base + 1, "Ticket Opened", "SERVICE", "CALL_CENTRE", 9, {"ticket_id": "S1", "subject": "broken"}),
        (base + 1, "Ticket Opened", "SERVICE", "CALL_CENTRE", 8, {"ticket_id": "S2", "subject": "size"}),
        (base + 1, "Ticket Closed", "SERVICE", "CALL_CENTRE", 7, {"ticket_id": "S2"}),
        (base + 1, "Delivery Completed", "DELIVERY", "WEB", 17, {"late": True}),
        (base + 1, "Loyalty Points Earned", "OTHER", "STORE", 16, {"points": 12}),
        (base + 4, "Page Viewed", "BROWSE", "WEB", 2, {}),
    ]
    for customer, name, kind, channel, days, properties in happened:
        await _load_event(connection, tenant, customer, name, kind, channel, NOW - timedelta(days=days), properties)


async def _load_predictions(connection: asyncpg.Connection, tenant: int) -> None:
    for customer, churn in ((tenant * 100 + 1, 0.42), (tenant * 100 + 3, 0.9)):
        for table in ("prediction", "latest_prediction"):
            extra = "created_at, " if table == "prediction" else "prediction_id, "
            value = "$3, " if table == "prediction" else "1, "
            await connection.execute(
                f"insert into {table} (tenant_id, customer_id, as_of, expires_at, {extra}feature_set, model_set,"
                " churn_probability, expected_on, predicted_value_minor, answer)"
                f" values ($1, $2, $3, $4, {value}'f1', 'm1', $5, $6, 12050, $7)",
                tenant, customer, NOW - timedelta(hours=5), NOW + timedelta(days=1), churn,
                (NOW + timedelta(days=20)).date(), json.dumps(answer(churn)),
            )  # fmt: skip


async def _load_models(connection: asyncpg.Connection, tenant: int) -> None:
    """The set `m1`: registered, refused once, then forced into charge in the place of `m0`, and watched since."""
    measures = {
        "churn_auc": {"value": 0.81, "low": 0.79, "high": 0.83, "baseline": 0.78},
        "next_coverage": {"value": 0.8, "low": 0.78, "high": 0.82, "baseline": None},
    }
    await connection.execute(
        "insert into model_set (tenant_id, model_set, registered_at, as_of, horizon_days, feature_set, data_hash,"
        " code_version, seed, run_id, versions, basis, measures, card)"
        " values ($1, 'm1', $2, $3, 90, 'f1', 'd1', '0.1.0+abc', 7, $4, '{\"churn\": \"7\"}', '{}', $5, '# Card')",
        tenant, NOW - timedelta(days=9), NOW - timedelta(days=10), f"run-{tenant}", json.dumps(measures),
    )  # fmt: skip
    checks = [{"check": "calibration", "passed": False, "reason": "ECE .06, at most .05"}]
    for days, action, forced in ((9, "REFUSAL", False), (8, "PROMOTION", True)):
        await connection.execute(
            "insert into model_promotion (tenant_id, promoted_at, action, alias, model_set, replaced_model_set,"
            " versions, is_forced, decided_by, reasons, metrics)"
            " values ($1, $2, $3, 'champion', 'm1', 'm0', '{\"churn\": \"7\"}', $4, $5, $6, '{}')",
            tenant, NOW - timedelta(days=days), action, forced, f"ines-{tenant}", json.dumps(checks),
        )  # fmt: skip
    await connection.execute(
        "insert into model_observation (tenant_id, model_set, observed_at, status, judged_customers, measures,"
        " findings) values ($1, 'm1', $2, 'DRIFTED', 321, $3, $4)",
        tenant, NOW - timedelta(days=1), json.dumps(measures),
        json.dumps([{"subject": "DRIFT", "is_alert": True, "sentence": "baskets shrank"}]),
    )  # fmt: skip
