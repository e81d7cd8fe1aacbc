"""The relations an import is made of: what a DuckDB workspace may hold, and how each is written. All are optional.

Beside the order facts of `customer.order_file` (order_fact, order_line_fact, order_adjustment_fact), a workspace may
hold

- claim_fact(row_key, rank, type, value): the identities of one record, foremost (rank 0) first; when another than the
  foremost is known already, the foremost is linked to its bearer;
- identity_fact(owner_type, owner_value, type, value, source, linked_at): a further identity of an owner;
- person_fact(identity_type, identity_value, source, source_key, traits, observed_at, received_at): traits is a JSON
  object;
- touchpoint_fact(message_id, identity_type, identity_value, name, channel, occurred_at, received_at, store_id,
  campaign, device, order_key, source, properties): properties is a JSON object or null; the type follows from the name;
- consent_fact(identity_type, identity_value, purpose, channel, status, proof, source, effective_at, recorded_at).

Types and channels are spelled as in customer.vocabulary, identity values are normalised, instants are timestamptz.
"""

import duckdb

from customer.identity import limit_of
from customer.touchpoint import TYPE_OF_EVENT
from customer.vocabulary import IdentityType
from profile_api.ingest.order_facts import names_customer_types

_BEARERS = {
    "order_fact": "select {orders_by}, customer_key, '{source}', ordered_at, received_at from order_fact",
    "order_adjustment_fact": "select {orders_by}, customer_key, '{source}', occurred_at, received_at "
    "from order_adjustment_fact",
    "person_fact": "select identity_type, identity_value, source, observed_at, received_at from person_fact",
    "identity_fact": "select owner_type, owner_value, source, linked_at, linked_at from identity_fact",
    "consent_fact": "select identity_type, identity_value, source, effective_at, recorded_at from consent_fact",
}
_TOUCHPOINT_BEARERS = "select identity_type, identity_value, source, occurred_at, received_at from touchpoint_fact"
_FIRST = (
    "with bearer (type, value, source, first_at, first_received_at) as ({}) "
    "select type, value, min(source) as source, min(first_at) as first_at, "
    "min(first_received_at) as first_received_at from bearer group by type, value"
)


def tables_of(duck: duckdb.DuckDBPyConnection) -> set[str]:
    """The names of the workspace's tables and views."""
    return {row[0] for row in duck.execute("select table_name from information_schema.tables").fetchall()}


def owners(duck: duckdb.DuckDBPyConnection, *, orders_by: IdentityType, source: str) -> str:
    """The select of everybody whom orders, records, identities or consents name."""
    by = "customer_type" if names_customer_types(duck) else f"'{orders_by}'"
    found = [text for table, text in _BEARERS.items() if table in tables_of(duck)]
    union = " union all ".join(found).replace("{orders_by}", by).replace("{source}", source)
    return _FIRST.format(union) if found else ""


def touchpoint_bearers() -> str:
    """The select of everybody whom touchpoints name."""
    return _FIRST.format(_TOUCHPOINT_BEARERS)


def touchpoints() -> str:
    """The touchpoints with their types."""
    words = ", ".join(f"'{name}': '{kind}'" for name, kind in TYPE_OF_EVENT.items())
    return (
        f"select message_id, identity_type, identity_value, name, coalesce(map {{{words}}}[name], 'OTHER') as type, "
        "coalesce(channel, 'OTHER') as channel, occurred_at, received_at, store_id, campaign, device, order_key, "
        "source, cast(properties as varchar) as properties from touchpoint_fact"
    )


def identity_limits() -> tuple[list[str], list[int], list[int | None]]:
    """How many identities of each type one person may have, and within how many days (None: ever)."""
    limits = {str(kind): limit_of(kind) for kind in IdentityType}
    windows = [limit.window.days if limit.window else None for limit in limits.values()]
    return list(limits), [limit.count for limit in limits.values()], windows
