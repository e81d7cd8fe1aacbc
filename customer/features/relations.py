"""The relations that `feature_vectors.sql` reads, with their columns: what any engine has to provide.

A fact belongs to a member (the leaf it was received for); `feature_member` says whose member that is, from when it
was known and until when it held. `local_*` are in the time zone of the brand; amounts are in minor units.
"""

from enum import StrEnum


class ColumnType(StrEnum):
    """Types spelled alike by PostgreSQL and DuckDB."""

    BIGINT = "bigint"
    INTEGER = "integer"
    TEXT = "text"
    INSTANT = "timestamptz"


_B, _I, _T, _AT = ColumnType.BIGINT, ColumnType.INTEGER, ColumnType.TEXT, ColumnType.INSTANT

SPINE: dict[str, ColumnType] = {"customer_id": _B, "as_of": _AT, "local_day": _I, "local_month": _I, "year_day": _I}

RELATIONS: dict[str, dict[str, ColumnType]] = {
    "feature_member": {"customer_id": _B, "member_id": _B, "known_at": _AT, "until_at": _AT},
    "feature_order": {
        "member_id": _B, "order_id": _B, "occurred_at": _AT, "received_at": _AT, "local_day": _I, "local_month": _I,
        "local_hour": _I, "channel": _T, "store_id": _T, "total_minor": _B, "discount_minor": _B, "line_count": _I,
        "invalid_at": _AT, "invalid_received_at": _AT,
    },
    "feature_order_line": {"order_id": _B, "member_id": _B, "product_id": _T, "category": _T},
    "feature_adjustment": {
        "member_id": _B, "order_id": _B, "kind": _T, "occurred_at": _AT, "received_at": _AT, "local_day": _I,
        "amount_minor": _B,
    },
    "feature_event": {
        "member_id": _B, "type": _T, "name": _T, "channel": _T, "occurred_at": _AT, "received_at": _AT,
        "local_day": _I,
    },
}  # fmt: skip


def create_table(relation: str, columns: dict[str, ColumnType]) -> str:
    """The statement that makes an empty table of that shape, in PostgreSQL and in DuckDB."""
    return f"create table {relation} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})"
