"""Draws people and touchpoints around real baskets inside DuckDB: the same seed and data give the same draw."""

from pathlib import Path

import duckdb

from demo.simulation.names import AREA_CODES, FAMILY_NAMES, GIVEN_NAMES, PLACES

_SQL = Path(__file__).parent / "sql"
_STEPS = (
    *("basket", "household", "person", "online_order", "browsing", "page"),
    *("email", "delivery", "service", "feedback", "consent", "touchpoint", "relations"),
)


def simulate(connection: duckdb.DuckDBPyConnection, *, seed: str = "parcours") -> int:
    """Adds the drawn people, identities, touchpoints and consents to a workspace that holds The Complete Journey.

    Returns how many touchpoints were drawn. The workspace is as
    `profile_api.ingest.complete_journey.prepare_complete_journey` leaves it. Drawing happens at the data set's own
    times (naive UTC); its macro `moved` puts the results where the rest of the import is.
    """
    for statement in _macros(seed):
        connection.execute(statement)
    for step in _STEPS:
        connection.execute((_SQL / f"{step}.sql").read_text())
    [(touchpoints,)] = connection.execute("select count(*) from sim_touchpoint").fetchall()
    return int(touchpoints)


def _macros(seed: str) -> tuple[str, ...]:
    places = ", ".join(f"{{'city': '{city}', 'postcode': '{postcode}'}}" for city, postcode in PLACES)
    return (
        f"create or replace macro seed() as '{seed.replace(chr(39), '')}'",
        # A draw from [0, 1) that depends on nothing but its arguments and the seed, whatever the engine's version.
        "create or replace macro chance(who, what) as "
        "md5_number_lower(who::varchar || '|' || what || '|' || seed())::double / 18446744073709551616.0",
        "create or replace macro pick(options, drawn) as options[1 + floor(drawn * len(options))::integer]",
        "create or replace macro seconds(n) as to_microseconds((n * 1000000)::bigint)",
        "create or replace macro minutes(n) as to_microseconds((n * 60000000)::bigint)",
        "create or replace macro hours(n) as to_microseconds((n * 3600000000)::bigint)",
        "create or replace macro days(n) as to_microseconds((n * 86400000000)::bigint)",
        f"create or replace macro given_names() as {list(GIVEN_NAMES)}",
        f"create or replace macro family_names() as {list(FAMILY_NAMES)}",
        f"create or replace macro area_codes() as {list(AREA_CODES)}",
        f"create or replace macro places() as [{places}]",
        "create or replace macro history_start() as (select min(transaction_timestamp) from transactions)",
        "create or replace macro history_end() as (select max(transaction_timestamp) from transactions)",
    )
