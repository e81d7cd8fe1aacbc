"""What the challenger said in shadow, beside what the champion said of the same customers at the same instants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from scoring.engine.btyd import Floats
from training.evaluation.outcome import Outcome
from training.monitoring.matured import Matured
from training.registry.database import rows_of

_TIMEOUT_S = 60
_SQL = (Path(__file__).parent / "sql" / "shadow_predictions.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadowed:
    """Both sets' predictions of the same customers, and what came; without the challenger's whole curves."""

    challenger: Outcome
    champion: Outcome


def shadowed(
    database_url: str, tenant_key: str | None, found: Matured, *, challenger: str, champion: str
) -> Shadowed | None:
    """None when the challenger was asked about none of these customers."""
    first, last = min(found.as_ofs), max(found.as_ofs)
    parameters = (tenant_key or "", challenger, champion, first.isoformat(), last.isoformat())
    horizon = found.outcome.horizon_days
    said: dict[tuple[Any, Any], Mapping[str, Any]] = {}
    for row in rows_of(database_url, _SQL, parameters, timeout_s=_TIMEOUT_S):
        if row["horizon_days"] == horizon:
            said.setdefault((row["customer_id"], row["as_of"]), row)  # the newest comes first
    keys = list(zip(found.customer_ids, found.as_ofs, strict=True))
    shared = np.array([number for number, key in enumerate(keys) if key in said], dtype=np.int64)
    if not shared.size:
        return None
    theirs = found.outcome.rows(shared)
    return Shadowed(challenger=_replaced(theirs, [said[keys[number]] for number in shared]), champion=theirs)


def _replaced(outcome: Outcome, rows: Sequence[Mapping[str, Any]]) -> Outcome:
    def column(name: str) -> Floats:
        return np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=np.float64)

    value = column("expected_minor")
    has_value = outcome.value is not None and not np.isnan(value).any()
    return replace(
        outcome,
        churn=column("churn_probability"),
        quantiles={0.1: column("p10_days"), 0.5: column("p50_days"), 0.9: column("p90_days")},
        position=np.full(len(rows), np.nan),
        value=value if has_value else None,
        low=column("low_minor") if has_value else None,
        high=column("high_minor") if has_value else None,
    )
