"""Spells identifiers of files as we keep them: the only module that parses phone numbers."""

from collections.abc import Iterable

import duckdb
import phonenumbers
import pyarrow as pa

from customer.errors import InvalidIdentityError
from customer.identity import is_blocked, normalise
from customer.vocabulary import IdentityType

_BATCH = 50_000


def spelled(identity_type: IdentityType, value: str, *, region: str | None = None) -> str:
    """The normalised value; a national phone number is read as one of `region` (ISO 3166).

    Errors: InvalidIdentityError.
    """
    if identity_type is IdentityType.PHONE and not is_blocked(value):
        return _phone(value, region)
    return normalise(identity_type, value)


def _phone(value: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(value, region.upper() if region else None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise InvalidIdentityError(
            identity_type=IdentityType.PHONE,
            problem="it is not a possible phone number; write it as +33612345678, or name the country",
        )
    return normalise(IdentityType.PHONE, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def spell_all(duck: duckdb.DuckDBPyConnection, *, query: str, table: str, region: str | None = None) -> None:
    """Creates `table`(type, raw, value, problem) for the query's distinct (type, raw): value or problem is null."""
    duck.execute(f"create or replace table {table} (type varchar, raw varchar, value varchar, problem varchar)")
    pending = duck.cursor()  # reads while the connection writes
    pending.execute(f"select distinct type, raw from ({query}) where raw is not null")
    while rows := pending.fetchmany(_BATCH):
        batch = pa.table(_spellings(rows, region))
        duck.register("spelling_batch", batch)
        duck.execute(f"insert into {table} select type, raw, value, problem from spelling_batch")
        duck.unregister("spelling_batch")
    pending.close()


def _spellings(rows: Iterable[tuple[str, str]], region: str | None) -> dict[str, pa.Array]:
    types, raws, values, problems = [], [], [], []
    for kind, raw in rows:
        try:
            value, problem = spelled(IdentityType(kind), raw, region=region), None
        except InvalidIdentityError as error:
            value, problem = None, str(error)
        types.append(kind)
        raws.append(raw)
        values.append(value)
        problems.append(problem)
    text = pa.string()
    return {
        "type": pa.array(types, text),
        "raw": pa.array(raws, text),
        "value": pa.array(values, text),
        "problem": pa.array(problems, text),
    }
