"""`parcours import events`: a file of Segment-like calls becomes touchpoints, orders, traits and consents."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from customer.channel import CHANNEL_MAP
from customer.identity import BLOCKED_PATTERN
from customer.money import minor_digits
from customer.order_file.errors import EmptyFileError, MappingError, MissingColumnError, UnreadableFileError
from customer.order_file.source import BEYOND_HEADER, Source, literal, open_source, quoted
from profile_api.ingest.bulk import import_workspace
from profile_api.ingest.identities import spell_all
from profile_api.ingest.rejects import write_rejects
from profile_api.ingest.report import ImportSummary, Progress, silent
from profile_api.ingest.statements import statement
from profile_api.ingest.workspace import workspace
from profile_api.ingest.writing import StepTimes, known_tenant

_PARTS: dict[str, tuple[str, str]] = {
    # part -> (path in a JSON call, names of a flat file's column without case, spaces and underscores)
    "call": ("$.type", "type"),
    "message_id": ("$.messageId", "messageid"),
    "user_id": ("$.userId", "userid"),
    "anonymous_id": ("$.anonymousId", "anonymousid"),
    "name": ("$.event", "event"),
    "page": ("$.name", "name"),
    "occurred_text": ("$.timestamp", "timestamp"),
    "original_text": ("$.originalTimestamp", "occurredat"),
    "received_text": ("$.receivedAt", "receivedat"),
    "channel_text": ("$.properties.channel", "channel"),
    "context_channel": ("$.context.channel", "contextchannel"),
    "store_id": ("$.properties.store_id", "storeid"),
    "campaign": ("$.context.campaign.name", "campaign"),
    "campaign_source": ("$.context.campaign.source", "campaignsource"),
    "device": ("$.context.device.id", "device"),
    "order_id": ("$.properties.order_id", "orderid"),
}
_DOCUMENTS = {
    "properties": ("$.properties", "properties"),
    "traits": ("$.traits", "traits"),
    "consent": ("$.context.consent", "consent"),
}
_STEPS = (
    "event_row", "event_reject", "event_row_taken", "event_touchpoint_fact", "event_identity_fact", "event_person_fact",
    "event_consent_fact", "event_order_line_fact", "event_order_fact", "event_order_adjustment_fact",
)  # fmt: skip


def import_events(
    database_url: str,
    path: Path,
    *,
    tenant: str = "default",
    source: str = "events",
    now: datetime | None = None,
    mapping: Mapping[str, str] | None = None,
    rejects: Path | None = None,
    memory_mb: int = 1024,
    progress: Progress = silent,
) -> ImportSummary:
    """Imports calls, one per line (NDJSON) or row (CSV, Parquet); running it again writes nothing.

    A call without messageId is known by its content. Not to be called from a running event loop.
    Errors: OrderFileError.
    """
    instant = now or datetime.now(UTC)
    times = StepTimes(progress)
    with workspace(memory_mb=memory_mb) as duck:
        times("reading")
        known = known_tenant(database_url, tenant)
        duck.execute(f"set TimeZone = '{known.time_zone if known else 'UTC'}'")
        currency = known.currency if known else "EUR"
        rows = read_events(duck, path, source=source, now=instant, currency=currency, mapping=mapping or {})
        file = write_rejects(duck, rejects or path.with_name(f"{path.name}.rejects.csv"), table="event_reject")
        [(rejected,)] = duck.execute("select count(*) from event_reject").fetchall()
        summary = import_workspace(
            database_url, duck, tenant=tenant, source=source, now=instant, orders_are_told=True, progress=times
        )
    return replace(summary, rows=rows, rejected=rejected, rejects_file=file)


def read_events(
    duck: duckdb.DuckDBPyConnection,
    path: Path,
    *,
    source: str,
    now: datetime,
    currency: str,
    mapping: Mapping[str, str],
) -> int:
    """Leaves the relations of an import and event_reject in the workspace; returns the number of rows."""
    duck.execute(f"create or replace view event_file_row as {_scan(duck, path, mapping)}")
    try:
        [(rows,)] = duck.execute("select count(*) from event_file_row").fetchall()
    except duckdb.Error as error:
        raise UnreadableFileError(path, problem="it is not UTF-8 text, or a line is too long") from error
    if rows == 0:
        raise EmptyFileError(path)
    user = "select 'USER_ID' as type, user_id as raw from event_file_row"
    cookie = "select 'ANONYMOUS_ID', anonymous_id from event_file_row"
    traits = (
        "select 'EMAIL', json_extract_string(traits, '$.email') from event_file_row where traits is not null union all "
        "select 'PHONE', json_extract_string(traits, '$.phone') from event_file_row where traits is not null"
    )
    spell_all(duck, query=f"{user} union all {cookie} union all {traits}", table="identity_spelling")
    values = {
        "source": source,
        "now": now.isoformat(),
        "currency": currency,
        "minor_factor": 10 ** minor_digits(currency),
        "blocked_pattern": BLOCKED_PATTERN,
    }
    for step in _STEPS:
        text = statement(step).replace("$channel_words", CHANNEL_MAP)
        duck.execute(text, {name: value for name, value in values.items() if f"${name}" in text})
    return int(rows)


def _scan(duck: duckdb.DuckDBPyConnection, path: Path, mapping: Mapping[str, str]) -> str:
    if path.name.lower().endswith((".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")):
        return _lines(path)
    return _columns(open_source(duck, path), mapping)


def _lines(path: Path) -> str:
    """Each line as a JSON call; a line that is no JSON object keeps only its number."""
    if not path.is_file() or path.stat().st_size == 0:
        raise EmptyFileError(path)
    scan = (
        f"read_csv({literal(str(path))}, columns = {{'line': 'VARCHAR'}}, delim = '\\0', quote = '', escape = '', "
        "header = false, auto_detect = false, parallel = false)"
    )
    numbered = f"select row_number() over () as row_number, line from {scan}"
    fields = ", ".join(f"json_extract_string(call, '{where}') as {part}" for part, (where, _) in _PARTS.items())
    documents = ", ".join(f"json_extract(call, '{where}') as {part}" for part, (where, _) in _DOCUMENTS.items())
    return (
        f"select row_number, line as content, call is null as is_broken, {fields}, {documents} from ("
        "select row_number, line, case when json_valid(line) and json_type(line) = 'OBJECT' then cast(line as json) "
        f"end as call from ({numbered}) where line is not null)"
    )


def _columns(file: Source, mapping: Mapping[str, str]) -> str:
    visible = [name for name in file.columns if name != BEYOND_HEADER]
    for theirs in mapping:
        if theirs not in visible:
            raise MappingError(problem=f"the file has no column {theirs!r} (found {', '.join(visible)})")
    found = {mapping.get(name, name).lower().replace("_", "").replace(" ", ""): name for name in visible}
    if "event" not in found or not ({"userid", "anonymousid"} & found.keys()):
        raise MissingColumnError(file.path, missing=["event and user_id (or anonymous_id)"], found=visible)

    def text(name: str) -> str:
        return f"cast({quoted(found[name])} as varchar)" if name in found else "cast(null as varchar)"

    fields = ", ".join(f"{text(name)} as {part}" for part, (_, name) in _PARTS.items())
    documents = ", ".join(
        f"case when json_valid({text(name)}) then cast({text(name)} as json) end as {part}"
        for part, (_, name) in _DOCUMENTS.items()
    )
    everything = ", ".join(f"cast({quoted(name)} as varchar)" for name in visible)
    return (
        f"select row_number, concat_ws('|', {everything}) as content, "
        f"{text('properties')} is not null and not json_valid({text('properties')}) as is_broken, {fields}, "
        f"{documents} from {file.scan}"
    )
