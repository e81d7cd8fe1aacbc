"""What mutations do to the tables: record a fact, recompute the customer, queue a re-score, wake listeners up."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import asyncpg

from customer.message import message_key
from customer.touchpoint import SERVICE_CONTACT, SURVEY_ANSWERED, TICKET_CLOSED, TICKET_OPENED, touchpoint_type
from profile_api.graph.arguments import Values
from profile_api.graph.parameters import number_of_id
from profile_api.graph.request import Caller, ErrorCode, GraphError
from profile_api.graph.sql import template
from profile_api.store.changes import announce
from profile_api.store.derive import refresh_derived
from profile_api.store.tenants import lock_tenant

WRITTEN: Final = "\x00written"  # where the written rows travel among the variables: no variable can have this name
_URGENT: Final = 0  # somebody may be looking
_SCORES: Final = {"NPS": (0, 10), "CES": (1, 7), "CSAT": (1, 5)}
_TICKET_EVENTS: Final = {"OPENED": TICKET_OPENED, "UPDATED": "Ticket Updated", "CLOSED": TICKET_CLOSED}
_LONGEST_TEXT: Final = 10_000

WRITTEN_PARAMETERS: tuple[tuple[str, str, Callable[[Values], Any]], ...] = (
    ("written_customer", "bigint", lambda values: values[WRITTEN].customer_id),
    ("written_row", "bigint", lambda values: values[WRITTEN].row_id),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a mutation wrote: the leaf the fact belongs to, and the fact's row."""

    customer_id: int
    row_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """One mutation under way, inside its transaction."""

    connection: asyncpg.Connection
    caller: Caller
    now: datetime
    customer_id: int  # the leaf named
    root_id: int


async def write(
    field: str, pool: asyncpg.Pool, caller: Caller, given: Mapping[str, Any], *, now: datetime, timeout_s: float
) -> Written:
    """Runs one mutation in one transaction. Errors: GraphError."""
    record = WRITERS[field]
    leaf_id = number_of_id("cus_", "customer")(given["customerId"])
    _check_texts(given)
    async with pool.acquire(timeout=timeout_s) as connection, connection.transaction():
        await lock_tenant(connection, caller.tenant_id)
        root_id = await connection.fetchval(
            "select root_id from customer where id = $1 and tenant_id = $2", leaf_id, caller.tenant_id
        )
        if root_id is None:
            raise GraphError("no customer has this id", code=ErrorCode.NOT_FOUND)
        writing = Writing(connection=connection, caller=caller, now=now, customer_id=leaf_id, root_id=root_id)
        written = await record(writing, given)
        await refresh_derived(connection, caller.tenant_id, [root_id], now=now)
        await connection.execute(
            "select request_rescoring($1, $2::bigint[], $3::smallint, $4)", caller.tenant_id, [root_id], _URGENT, now
        )
        await announce(connection, caller.tenant_id, [root_id])
        return written


async def _set_consent(writing: Writing, given: Mapping[str, Any]) -> Written:
    row_id = await writing.connection.fetchval(
        "insert into consent (tenant_id, customer_id, purpose, channel, status, proof, source, effective_at,"
        " recorded_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id",
        writing.caller.tenant_id,
        writing.customer_id,
        _required(given, "purpose").upper(),  # as imports write them: one purpose, however it is spelt
        given.get("channel"),
        given["status"],
        given.get("proof"),
        given.get("source") or "api",
        _past(given.get("effectiveAt"), writing.now, "effectiveAt"),
        writing.now,
    )
    return Written(customer_id=writing.customer_id, row_id=row_id)


async def _record_service_contact(writing: Writing, given: Mapping[str, Any]) -> Written:
    ticket = given.get("ticket")
    if ticket is not None and not given.get("ticketId"):
        raise GraphError("a ticket is opened, updated or closed by its `ticketId`", code=ErrorCode.BAD_ARGUMENT)
    name = _TICKET_EVENTS[ticket] if ticket else SERVICE_CONTACT
    properties = {
        "direction": given.get("direction"),
        "ticket_id": given.get("ticketId"),
        "subject": given.get("subject"),
        "cause": given.get("cause"),
        "priority": given.get("priority"),
    }
    return await _record_event(writing, given, name, properties)


async def _record_feedback(writing: Writing, given: Mapping[str, Any]) -> Written:
    kind, score = given["kind"], given["score"]
    least, most = _SCORES[kind]
    if not least <= score <= most:
        raise GraphError(f"{kind} is between {least} and {most}, found {score}", code=ErrorCode.BAD_ARGUMENT)
    properties = {"kind": kind, "score": score, "comment": given.get("comment"), "about": given.get("about")}
    return await _record_event(writing, given, SURVEY_ANSWERED, properties)


async def _record_event(
    writing: Writing, given: Mapping[str, Any], name: str, properties: Mapping[str, Any]
) -> Written:
    stated = {key: value for key, value in properties.items() if value is not None}
    row = await writing.connection.fetchrow(
        template("written_event"),
        writing.caller.tenant_id,
        writing.customer_id,
        name,
        str(touchpoint_type(name)),
        given["channel"],
        writing.root_id,
        _past(given.get("occurredAt"), writing.now, "occurredAt"),
        writing.now,
        given.get("source") or "api",
        json.dumps(stated | {"recorded_by": writing.caller.subject}),
        message_key(writing.caller.tenant_id, given.get("messageId") or str(uuid4())),
    )
    if row is None:
        raise GraphError("this messageId was used for another customer", code=ErrorCode.BAD_ARGUMENT)
    return Written(customer_id=row["customer_id"], row_id=row["id"])


WRITERS: Final = {
    "setConsent": _set_consent,
    "recordServiceContact": _record_service_contact,
    "recordFeedback": _record_feedback,
}


def _past(instant: datetime | None, now: datetime, name: str) -> datetime:
    if instant is not None and instant > now:
        raise GraphError(f"{name} lies in the future: {instant.isoformat()}", code=ErrorCode.BAD_ARGUMENT)
    return instant or now


def _required(given: Mapping[str, Any], name: str) -> str:
    value = str(given[name]).strip()
    if not value:
        raise GraphError(f"{name} is empty", code=ErrorCode.BAD_ARGUMENT)
    return value


def _check_texts(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if not isinstance(value, str):
            continue
        if len(value) > _LONGEST_TEXT:
            raise GraphError(f"{name} is longer than {_LONGEST_TEXT} characters", code=ErrorCode.BAD_ARGUMENT)
        if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise GraphError(f"{name} contains what is no character", code=ErrorCode.BAD_ARGUMENT)
