"""`parcours keys`: create, list and revoke API keys."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    keys = typer.Typer(help="Create, list and revoke API keys (bearer tokens).", no_args_is_help=True)
    keys.command("create")(_create)
    keys.command("list")(_list)
    keys.command("revoke")(_revoke)
    app.add_typer(keys, name="keys")


def _create(
    role: Annotated[str, typer.Option(help="front_end, agent, analyst, ml_engineer, privacy_officer or service.")],
    name: Annotated[str, typer.Option(help="What the key is for, shown in lists.")],
    tenant: Annotated[
        str | None, typer.Option(help="Whose data it is (default: PARCOURS_TENANT or 'default').")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; unset: never.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Create a key and show its token, once."""
    from profile_api.access.api_keys import create_api_key
    from profile_api.access.roles import role_named
    from profile_api.settings import load_settings

    now = datetime.now(UTC)
    expires_at = None if days is None else now + timedelta(days=days)
    key_role = role_named(role)
    token = _with_connection(
        lambda connection: create_api_key(
            connection,
            tenant=tenant or load_settings().tenant,
            role=key_role,
            name=name,
            now=now,
            expires_at=expires_at,
        )
    )
    typer.echo(json.dumps({"token": token, "role": key_role.value}) if as_json else token)


def _list(as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False) -> None:
    """List all keys, without their tokens."""
    from profile_api.access.api_keys import list_api_keys

    keys = _with_connection(list_api_keys)
    now = datetime.now(UTC)
    rows = [
        {
            "id": key.public_id,
            "tenant": key.tenant,
            "role": key.role.value,
            "name": key.name,
            "state": key.state(now),
            "demo": key.demo,
            "created": key.created_at.isoformat(timespec="seconds"),
        }
        for key in keys
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(
            f"{row['id']}  {row['tenant']:<16}  {row['role']:<16}  {row['state']:<8}  {row['created']}  {row['name']}"
        )


def _revoke(
    key_id: Annotated[str | None, typer.Argument(help="The key's id, as `parcours keys list` shows it.")] = None,
    demo: Annotated[bool, typer.Option(help="Revoke every demonstration key.")] = False,
) -> None:
    """Take a key out of force; running services stop letting it in within 30 seconds."""
    from profile_api.access.api_keys import revoke_api_key, revoke_demo_keys

    now = datetime.now(UTC)
    if demo:
        count = _with_connection(lambda connection: revoke_demo_keys(connection, now=now))
        typer.echo(f"{count} demonstration keys revoked")
    elif key_id is not None:
        _with_connection(lambda connection: revoke_api_key(connection, public_id=key_id, now=now))
        typer.echo(f"{key_id} revoked")
    else:
        raise typer.BadParameter("name a key, or use --demo")


def _with_connection(work: Callable[["asyncpg.Connection"], Awaitable[T]]) -> T:
    from profile_api.settings import database_url, load_settings
    from profile_api.store.database import connect

    url = database_url(load_settings())

    async def run() -> T:
        connection = await connect(url, statement_timeout_s=10)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(run())
