"""Runs mutations: each root field in a transaction, one after the other; payloads are read once all is committed."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from profile_api.graph.errors import FormattedError, formatted
from profile_api.graph.finish import fast_body
from profile_api.graph.plan import Plan
from profile_api.graph.reads import Asking, Reads
from profile_api.graph.request import Answer, AnswerKind, ErrorCode, GraphError, Scope, Timings
from profile_api.graph.trail import Trail
from profile_api.graph.writes import WRITTEN, Written, write
from profile_api.store.database import FAILURES


class WriteFailedError(GraphError):
    """One root field failed: those before it were written, those after it were not tried."""

    def __init__(self, key: str, error: GraphError) -> None:
        super().__init__(error.message, code=error.code, kind=AnswerKind.PARTIAL)
        self.key = key


class Mutations:
    """Writes over a few connections of its own, opened with the first mutation."""

    def __init__(self, database_url: str, reads: Reads, trail: Trail, *, connections: int = 2) -> None:
        self._database_url = database_url
        self._reads = reads
        self._trail = trail
        self._connections = connections
        self._pool: asyncpg.Pool | None = None

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    async def answer(self, asking: Asking) -> Answer:
        """Writes, then reads the payloads and leaves their trail. Errors: GraphError when nothing was tried."""
        if Scope.WRITE not in asking.caller.scopes:
            raise GraphError(
                f"writing needs the scope {Scope.WRITE}", code=ErrorCode.FORBIDDEN, kind=AnswerKind.FORBIDDEN
            )
        try:
            written = await self._write(asking)
        except WriteFailedError as error:
            kind, body = _without_data([{**entry, "path": [error.key]} for entry in formatted(error)])
        else:
            try:
                kind, body = await _finished(asking, self._reads, written)
                await self._trail.leave(asking)
            except GraphError as error:  # no refusal, after which clients would ask for the same change again
                said = f"the change was written, but the answer cannot be given: {error.message}"
                kind, body = _without_data(formatted(GraphError(said, code=error.code)))
        return Answer(kind=kind, body=body, operation=asking.document.kind, timings=Timings(plan_s=asking.plan_s))

    async def _write(self, asking: Asking) -> Mapping[str, Written]:
        pool = await self._opened()
        written: dict[str, Written] = {}
        for planned in asking.plan.writes:
            given = planned.read_input(asking.values)
            timeout_s = max(asking.left_s, 0.001)
            try:
                written[planned.key] = await write(
                    planned.field, pool, asking.caller, given, now=asking.now, timeout_s=timeout_s
                )
            except GraphError as error:
                raise WriteFailedError(planned.key, error) from error
            except FAILURES as error:
                failed = GraphError("the change could not be written", code=ErrorCode.INTERNAL)
                raise WriteFailedError(planned.key, failed) from error
        return written

    async def _opened(self) -> asyncpg.Pool:
        if self._pool is None:
            pool: Any = asyncpg.create_pool(
                self._database_url,
                min_size=0,
                max_size=self._connections,
                timeout=10,
                command_timeout=30,
                server_settings={"application_name": "parcours-mutations", "timezone": "UTC"},
            )
            self._pool = await pool
        return self._pool


def _without_data(errors: Sequence[FormattedError]) -> tuple[AnswerKind, bytes]:
    return AnswerKind.PARTIAL, msgspec.json.encode({"data": None, "errors": errors})


async def _finished(asking: Asking, reads: Reads, written: Mapping[str, Written]) -> tuple[AnswerKind, bytes]:
    """The finished answer about what was written."""
    fast = fast_body(asking.plan, await _payloads(asking, reads, asking.plan, written))
    if fast is not None:
        return AnswerKind.OK, fast
    typed = asking.document.typed_plan(reads.catalogue, asking.values)
    return reads.finished(asking, msgspec.json.decode(await _payloads(asking, reads, typed, written)))


async def _payloads(asking: Asking, reads: Reads, plan: Plan, written: Mapping[str, Written]) -> bytes:
    """The payloads as the JSON text of `data`."""
    texts = []
    for planned in plan.writes:
        reply = await reads.reply(asking, planned.payload, {**asking.values, WRITTEN: written[planned.key]})
        texts.append(b'"%b":%b' % (planned.key.encode(), reply.text))
    return b"{" + b",".join(texts) + b"}"
