"""`parcours audit`: who read which personal data of whom."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from profile_api.audit.trail import TrailEntry


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("audit")(_audit)


def _audit(
    customer: Annotated[str | None, typer.Option(help="Only reads about this customer, `cus_…`.")] = None,
    caller: Annotated[str | None, typer.Option(help="Only reads by this caller, `key:…` or a token's subject.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only reads from this date (its midnight where the brand is) or time on.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most, the newest first.")] = 50,
    tenant: Annotated[
        str | None, typer.Option(help="Whose data it is (default: PARCOURS_TENANT or 'default').")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show who read which personal data: names of fields, never values."""
    import msgspec

    entries = asyncio.run(_entries(customer, caller, since, limit, tenant))
    if as_json:
        told = [{**msgspec.structs.asdict(entry), "customers": _ids(entry)} for entry in entries]
        typer.echo(msgspec.json.encode(told).decode())
        return
    for entry in entries:
        typer.echo(_line(entry))
    if not entries:
        typer.echo("nobody read any")


async def _entries(
    customer: str | None, caller: str | None, since: str | None, limit: int, tenant: str | None
) -> "list[TrailEntry]":
    from customer.local_time import read_instant
    from profile_api.audit.trail import get_trail
    from profile_api.graph.parameters import number_of_id
    from profile_api.settings import database_url, load_settings
    from profile_api.store.database import connect
    from profile_api.store.tenants import get_tenant

    customer_id = number_of_id("cus_", "customer")(customer) if customer else None
    settings = load_settings()
    connection = await connect(database_url(settings))
    try:
        known = await get_tenant(connection, tenant or settings.tenant)
        return await get_trail(
            connection,
            known.id,
            customer_id=customer_id,
            caller=caller,
            since=read_instant(since, known.time_zone) if since else None,
            limit=limit,
        )
    finally:
        await connection.close()


def _ids(entry: "TrailEntry") -> list[str]:
    return [f"cus_{number}" for number in entry.customers]


def _line(entry: "TrailEntry") -> str:
    whom = ", ".join(_ids(entry)[:5]) or "nobody"
    more = f" and {len(entry.customers) - 5} more" if len(entry.customers) > 5 else ""
    parts = [
        entry.at.isoformat(timespec="seconds"),
        f"{entry.caller} ({', '.join(entry.roles)})",
        entry.operation or "-",
        f"of {whom}{more}:",
        " ".join(sorted(entry.read)) or "nothing",
    ]
    if entry.withheld:
        parts.append("refused: " + " ".join(sorted(entry.withheld)))
    return "  ".join([*parts, entry.trace_id])
