"""The commands that bring tables and data in: `parcours migrate` and `parcours import …`."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from customer.errors import ParcoursError

if TYPE_CHECKING:
    from profile_api.ingest.report import ImportSummary, Progress

FileArgument = Annotated[Path, typer.Argument(help="CSV, CSV.gz or Parquet file.")]
MapOption = Annotated[list[str] | None, typer.Option("--map", help="Rename a column: theirs=ours. May be repeated.")]
TenantOption = Annotated[str | None, typer.Option(help="Whose data it is (default: PARCOURS_TENANT or 'default').")]
SourceOption = Annotated[str, typer.Option(help="A name for the system the file comes from.")]
TimeZoneOption = Annotated[
    str | None, typer.Option(help="IANA name; times without an offset are meant in it (default: the tenant's, or UTC).")
]
CurrencyOption = Annotated[
    str | None, typer.Option(help="Currency of the amounts (default: the tenant's, or the file's).")
]
RejectsOption = Annotated[
    Path | None, typer.Option(help="Where to list the rows not taken (default: FILE.rejects.csv).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


Word = TypeVar("Word", bound=StrEnum)


class UnusableOptionError(ParcoursError):
    def __init__(self, *, option: str, problem: str) -> None:
        super().__init__(f"cannot use {option}: {problem}")


def register(app: typer.Typer) -> None:
    """Adds `migrate` and the `import` group."""
    app.command()(migrate)
    group = typer.Typer(help="Bring in files of orders, people and events.", no_args_is_help=True)
    for name, command in _IMPORTS.items():
        group.command(name)(command)
    app.add_typer(group, name="import")


def migrate() -> None:
    """Create the tables, or bring them to the version this program expects."""
    from profile_api.settings import database_url, load_settings
    from profile_api.store.migrate import migrate as run

    run(database_url(load_settings()))
    typer.echo("the database is up to date")


def orders(
    file: FileArgument,
    columns: MapOption = None,
    tenant: TenantOption = None,
    source: SourceOption = "orders",
    time_zone: TimeZoneOption = None,
    currency: CurrencyOption = None,
    channel: Annotated[str, typer.Option(help="Channel of orders whose row names none.")] = "OTHER",
    identity: Annotated[
        str, typer.Option(help="What the file's customer ids are: USER_ID, LOYALTY_CARD, …")
    ] = "USER_ID",
    rejects: RejectsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import orders, one row per order or per order line; returns are netted. Running it again changes nothing."""
    from customer.vocabulary import Channel, IdentityType
    from profile_api.ingest.orders import import_orders
    from profile_api.settings import database_url, load_settings

    settings = load_settings()
    chosen_channel = one_of(Channel, channel, option="--channel")
    chosen_identity = one_of(IdentityType, identity, option="--identity")
    mapping = parse_mapping(columns)
    report(
        lambda progress: import_orders(
            database_url(settings), file, tenant=tenant or settings.tenant, source=source, mapping=mapping,
            currency=currency, time_zone=time_zone, channel=chosen_channel, identity_type=chosen_identity,
            rejects=rejects, memory_mb=settings.import_memory_mb, progress=progress,
        ),
        as_json=as_json,
    )  # fmt: skip


def customers(
    file: FileArgument,
    columns: MapOption = None,
    tenant: TenantOption = None,
    source: SourceOption = "customers",
    region: Annotated[str | None, typer.Option(help="Country (ISO 3166) of phone numbers written nationally.")] = None,
    rejects: RejectsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import person records: identities (customer_id, email, phone, loyalty_card …) and traits (all other columns)."""
    from profile_api.ingest.people import import_customers
    from profile_api.settings import database_url, load_settings

    settings = load_settings()
    mapping = parse_mapping(columns)
    report(
        lambda progress: import_customers(
            database_url(settings), file, tenant=tenant or settings.tenant, source=source, mapping=mapping,
            region=region, source_trust=settings.trusted_sources, rejects=rejects,
            memory_mb=settings.import_memory_mb, progress=progress,
        ),
        as_json=as_json,
    )  # fmt: skip


def events(
    file: Annotated[Path, typer.Argument(help="NDJSON of Segment calls, or a CSV or Parquet file of track calls.")],
    columns: MapOption = None,
    tenant: TenantOption = None,
    source: SourceOption = "events",
    rejects: RejectsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import Segment-like calls: touchpoints, orders among them, traits, consents. Running it again changes nothing."""
    from profile_api.ingest.events import import_events
    from profile_api.settings import database_url, load_settings

    settings = load_settings()
    mapping = parse_mapping(columns)
    report(
        lambda progress: import_events(
            database_url(settings), file, tenant=tenant or settings.tenant, source=source, mapping=mapping,
            rejects=rejects, memory_mb=settings.import_memory_mb, progress=progress,
        ),
        as_json=as_json,
    )  # fmt: skip


def complete_journey(
    tenant: TenantOption = None,
    shift_weeks: Annotated[int, typer.Option(help="Move the whole history by so many weeks.")] = 0,
    limit_customers: Annotated[int | None, typer.Option(min=1, help="Take so many households only.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Import The Complete Journey, a year of grocery shopping, from its Python package."""
    from datetime import timedelta

    from profile_api.ingest.complete_journey import import_complete_journey
    from profile_api.settings import database_url, load_settings

    settings = load_settings()
    report(
        lambda progress: import_complete_journey(
            database_url(settings), tenant=tenant or settings.tenant, shift=timedelta(weeks=shift_weeks),
            limit_customers=limit_customers, memory_mb=settings.import_memory_mb, progress=progress,
        ),
        as_json=as_json,
    )  # fmt: skip


def online_retail_ii(
    path: Annotated[Path | None, typer.Option(help="A local copy (CSV or Parquet) instead of a download.")] = None,
    tenant: TenantOption = None,
    rejects: RejectsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import Online Retail II, two years of a gift shop's invoices, from the UCI repository or a local copy."""
    from profile_api.ingest.online_retail import import_online_retail_ii
    from profile_api.settings import database_url, load_settings

    settings = load_settings()
    report(
        lambda progress: import_online_retail_ii(
            database_url(settings), path=path, cache=settings.cache_folder, tenant=tenant or settings.tenant,
            rejects=rejects, memory_mb=settings.import_memory_mb, progress=progress,
        ),
        as_json=as_json,
    )  # fmt: skip


_IMPORTS: dict[str, Callable[..., None]] = {
    "orders": orders,
    "customers": customers,
    "events": events,
    "complete-journey": complete_journey,
    "online-retail-ii": online_retail_ii,
}


def parse_mapping(pairs: list[str] | None) -> dict[str, str]:
    """`theirs=ours` pairs as a dictionary. Errors: UnusableOptionError."""
    mapping = {}
    for pair in pairs or []:
        theirs, equals, ours = pair.rpartition("=")
        if not (theirs and equals and ours):
            raise UnusableOptionError(option="--map", problem=f"expected theirs=ours, found {pair!r}")
        mapping[theirs] = ours
    return mapping


def one_of(words: type[Word], given: str, *, option: str) -> Word:
    """The member of the enumeration that is spelled so, in any case. Errors: UnusableOptionError."""
    try:
        return words(given.upper())
    except ValueError:
        known = ", ".join(words)
        raise UnusableOptionError(option=option, problem=f"expected one of {known}; found {given!r}") from None


def report(run: "Callable[[Progress], ImportSummary]", *, as_json: bool) -> None:
    """Runs an import under a progress display and prints what it did."""
    with _progress() as progress:
        summary = run(progress)
    if as_json:
        typer.echo(json.dumps(asdict(summary)))
        return
    for name, value in asdict(summary).items():
        if isinstance(value, int) and value:
            typer.echo(f"{name.replace('_', ' '):>22}  {value:>12,}")
    if summary.rejects_file:
        typer.echo(f"rows not taken, and why: {summary.rejects_file}", err=True)


@contextmanager
def _progress() -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bars(*columns, console=Console(file=sys.stderr)) as bars:
        begun: list[TaskID] = []

        def step(name: str) -> None:
            finish()
            begun.append(bars.add_task(name, total=None))

        def finish() -> None:
            for task in begun[-1:]:
                bars.update(task, total=1, completed=1)

        yield step
        finish()
