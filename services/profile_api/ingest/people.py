"""`parcours import customers`: a file of person records becomes source records, identities and golden records."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from customer.identity import PRIORITY
from customer.order_file.errors import EmptyFileError, MappingError, MissingColumnError
from customer.order_file.source import BEYOND_HEADER, Source, literal, open_source, quoted
from customer.vocabulary import IdentityType
from profile_api.ingest.bulk import import_workspace
from profile_api.ingest.identities import spell_all
from profile_api.ingest.rejects import write_rejects
from profile_api.ingest.report import ImportSummary, Progress, silent
from profile_api.ingest.statements import statement
from profile_api.ingest.workspace import workspace
from profile_api.ingest.writing import StepTimes, known_tenant

IDENTITY_COLUMNS: dict[str, IdentityType] = {
    "customer_id": IdentityType.USER_ID,
    "user_id": IdentityType.USER_ID,
    "email": IdentityType.EMAIL,
    "phone": IdentityType.PHONE,
    "loyalty_card": IdentityType.LOYALTY_CARD,
    "account": IdentityType.ACCOUNT,
    "external_id": IdentityType.EXTERNAL,
    "anonymous_id": IdentityType.ANONYMOUS_ID,
    "device_id": IdentityType.DEVICE_ID,
}


def import_customers(
    database_url: str,
    path: Path,
    *,
    tenant: str = "default",
    source: str = "customers",
    now: datetime | None = None,
    mapping: Mapping[str, str] | None = None,
    region: str | None = None,
    source_trust: Sequence[str] = (),
    rejects: Path | None = None,
    memory_mb: int = 1024,
    progress: Progress = silent,
) -> ImportSummary:
    """Imports one person per row; running it again writes nothing. Not to be called from a running event loop.

    `region` (ISO 3166) reads national phone numbers. Errors: OrderFileError, UnknownTenantError.
    """
    times = StepTimes(progress)
    with workspace(memory_mb=memory_mb) as duck:
        times("reading")
        known = known_tenant(database_url, tenant)
        duck.execute(f"set TimeZone = '{known.time_zone if known else 'UTC'}'")
        rows = read_people(
            duck, path, source=source, now=now or datetime.now(UTC), mapping=mapping or {}, region=region
        )
        rejected_file = write_rejects(
            duck, rejects or path.with_name(f"{path.name}.rejects.csv"), table="person_reject"
        )
        [(rejected,)] = duck.execute("select count(*) from person_reject where is_lost").fetchall()
        summary = import_workspace(
            database_url, duck, tenant=tenant, source=source, source_trust=source_trust, progress=times
        )
    return replace(summary, rows=rows, rejected=rejected, rejects_file=rejected_file)


def read_people(
    duck: duckdb.DuckDBPyConnection,
    path: Path,
    *,
    source: str,
    now: datetime,
    mapping: Mapping[str, str],
    region: str | None = None,
) -> int:
    """Leaves claim_fact, identity_fact, person_fact and person_reject in the workspace; returns the number of rows."""
    file = open_source(duck, path)
    columns = _renamed(file, mapping)
    identities = {ours: theirs for ours, theirs in columns.items() if ours in IDENTITY_COLUMNS}
    if not identities:
        raise MissingColumnError(path, missing=["customer_id (or email, phone, loyalty_card)"], found=columns.values())
    duck.execute(f"create or replace table person_row as {_rows(file, columns)}")
    [(rows,)] = duck.execute("select count(*) from person_row").fetchall()
    if rows == 0:
        raise EmptyFileError(path)
    raw = " union all ".join(
        f"select row_number, {rank} as rank, '{IDENTITY_COLUMNS[ours]}' as type, nullif(trim(id_{ours}), '') as raw "
        "from person_row"
        for rank, ours in enumerate(sorted(identities, key=lambda name: PRIORITY.index(IDENTITY_COLUMNS[name])))
    )
    duck.execute(f"create or replace view person_identity as {raw}")
    spell_all(duck, query="from person_identity", table="identity_spelling", region=region)
    values = {"source": source, "now": now.isoformat()}
    for step in ("claim_fact", "person_reject", "person_lost", "person_fact", "person_identity_fact"):
        text = statement(step)
        duck.execute(text, {name: value for name, value in values.items() if f"${name}" in text})
    return int(rows)


def _renamed(file: Source, mapping: Mapping[str, str]) -> dict[str, str]:
    visible = [name for name in file.columns if name != BEYOND_HEADER]
    for theirs in mapping:
        if theirs not in visible:
            raise MappingError(problem=f"the file has no column {theirs!r} (found {', '.join(visible)})")
    return {mapping.get(name, name): name for name in visible}


def _rows(file: Source, columns: Mapping[str, str]) -> str:
    """Each row as its identities (id_*), its time and its traits, which are all other columns that are not empty."""
    identities = [
        f"regexp_replace(cast({quoted(theirs)} as varchar), '\\.0$', '') as {quoted('id_' + ours)}"
        for ours, theirs in columns.items()
        if ours in IDENTITY_COLUMNS
    ]
    traits = ", ".join(
        f"{literal(ours)}, nullif(trim(cast({quoted(theirs)} as varchar)), '')"
        for ours, theirs in columns.items()
        if ours not in IDENTITY_COLUMNS and ours != "observed_at"
    )
    observed = f"cast({quoted(columns['observed_at'])} as varchar)" if "observed_at" in columns else "null"
    patch = f"json_merge_patch('{{}}', json_object({traits}))" if traits else "'{}'"
    return (
        f"select row_number, {', '.join(identities)}, nullif(trim({observed}), '') as observed_text, "
        f"cast({patch} as varchar) as traits from {file.scan}"
    )
