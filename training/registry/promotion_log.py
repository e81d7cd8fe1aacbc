"""The append-only log of promotions in PostgreSQL: who put which model set in charge, when, and why."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from training.evaluation.gate import Check
from training.registry.database import rows_of, transaction
from training.registry.model_registry import RegisteredSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One line of the log; action is PROMOTION, ROLLBACK or REFUSAL."""

    action: str
    alias: str
    registered: RegisteredSet
    replaced: str | None
    is_forced: bool
    decided_by: str
    reasons: Sequence[Check]
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedDecision:
    promoted_at: datetime
    action: str
    model_set: str
    replaced_model_set: str | None
    is_forced: bool
    decided_by: str
    reasons: list[dict[str, Any]]


def record_decision(database_url: str, tenant_key: str | None, decision: Decision) -> None:
    """Adds one line; rows of the log cannot be changed or removed."""
    with transaction(database_url) as cursor:
        cursor.execute(
            "insert into model_promotion (tenant_id, action, alias, model_set, replaced_model_set, versions, "
            "is_forced, decided_by, reasons, metrics) "
            "select id, $2, $3, $4, $5, cast($6 as jsonb), cast($7 as boolean), $8, cast($9 as jsonb), "
            "cast($10 as jsonb) from tenant where $1 in (key, '') order by id limit 1",
            (
                tenant_key or "", decision.action, decision.alias, decision.registered.model_set, decision.replaced,
                json.dumps(dict(decision.registered.versions)), str(decision.is_forced).lower(), decision.decided_by,
                json.dumps([asdict(check) for check in decision.reasons]), json.dumps(dict(decision.metrics)),
            ),
        )  # fmt: skip


def read_log(database_url: str, *, alias: str, model_set: str | None = None, limit: int = 50) -> list[LoggedDecision]:
    """The newest decisions first; those on one model set when it is given."""
    rows = rows_of(
        database_url,
        "select promoted_at, action, model_set, replaced_model_set, is_forced, decided_by, "
        "cast(reasons as text) as reasons from model_promotion "
        "where alias = $1 and model_set = coalesce($2, model_set) "
        "order by promoted_at desc, id desc limit cast($3 as integer)",
        (alias, model_set, str(limit)),
    )
    return [LoggedDecision(**{**row, "reasons": json.loads(row["reasons"])}) for row in rows]


def in_charge_before(champion: str, log: Sequence[LoggedDecision]) -> str | None:
    """The set that `champion` took over from, by a log with the newest decision first; None when there was none.

    What a rollback put away stays away: after it, the set before is the one that its champion was promoted over.
    """
    line_of_champions: list[str] = []
    for decision in reversed(log):
        name = decision.model_set
        if decision.action == "ROLLBACK" and name in line_of_champions:
            while line_of_champions[-1] != name:
                line_of_champions.pop()
        elif decision.action != "REFUSAL" and line_of_champions[-1:] != [name]:
            line_of_champions.append(name)
    while champion in line_of_champions:
        if line_of_champions.pop() == champion:
            break
    return line_of_champions[-1] if line_of_champions else None
