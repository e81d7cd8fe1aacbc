"""Which tables a read may touch and how each is limited to the caller's tenant: what is not listed cannot be read."""

from profile_api.graph.request import ErrorCode, GraphError

_TENANT_COLUMN = {
    "tenant": "id",
    "customer": "tenant_id",
    "source_record": "tenant_id",
    "past_source_record": "tenant_id",
    "past_membership": "tenant_id",
    "identity": "tenant_id",
    "event": "tenant_id",
    "customer_order": "tenant_id",
    "order_line": "tenant_id",
    "order_adjustment": "tenant_id",
    "lifecycle_clock": "tenant_id",
    "lifecycle_transition": "tenant_id",
    "purchase_journey": "tenant_id",
    "customer_metrics": "tenant_id",
    "prediction": "tenant_id",
    "latest_prediction": "tenant_id",
    "consent": "tenant_id",
    "gap_reference": "tenant_id",
    "rescoring_request": "tenant_id",
    "lifecycle_policy": "tenant_id",
    "model_set": "tenant_id",
    "model_observation": "tenant_id",
    "model_promotion": "tenant_id",
}

TABLES = tuple(_TENANT_COLUMN)  # the migrations open each of them, one tenant at a time, to the service role
TENANT = "p.tenant_id"


class UnguardedTableError(GraphError):
    """A source names a table that has no declared tenant policy."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"table {table!r} has no declared tenant policy and cannot be planned; declare it in tables.py",
            code=ErrorCode.INTERNAL,
        )


def guarded(table: str) -> str:
    """The table as a source may name it: only the rows of the request's tenant. PostgreSQL flattens the subquery."""
    tenant_column = _TENANT_COLUMN.get(table)
    if tenant_column is None:
        raise UnguardedTableError(table)
    return f"(select * from {table} where {tenant_column} = {TENANT})"


def people_known(known_at: str) -> str:
    """The table customer by who was known to be whom at an instant, without the golden record of now.

    Its conditions are outside the view's union, or PostgreSQL could not use the index of either side.
    """
    met = f"(select met.created_at from {guarded('customer')} met where met.id = whose.member_id)"
    return (
        f"(select whose.member_id as id, whose.tenant_id, whose.customer_id as root_id, {met} as created_at"
        f" from feature_member whose where whose.tenant_id = {TENANT}"
        f" and whose.known_at < {known_at} and whose.until_at >= {known_at})"
    )
