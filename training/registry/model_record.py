"""What the database keeps of model sets, and its answer to "which model scored this customer on that day"."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from scoring.engine.spec import ModelSetSpec
from training.judging.backtest import Fold
from training.registry.database import named_sql, rows_of, transaction
from training.registry.model_registry import RegisteredSet


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredBy:
    """One stored prediction, the model set behind it, and who had put that set in charge (None: not recorded)."""

    as_of: datetime
    created_at: datetime
    expires_at: datetime  # or when a newer one took its place
    model_set: str | None
    churn_probability: float | None
    feature_set: str
    trained_as_of: datetime | None
    data_hash: str | None
    code_version: str | None
    run_id: str | None
    versions: Mapping[str, str]
    promoted_at: datetime | None
    action: str | None
    decided_by: str | None
    is_forced: bool | None


def record_model_set(
    database_url: str, tenant_key: str | None, spec: ModelSetSpec, fold: Fold | None, registered: RegisteredSet,
    card: str,
) -> None:  # fmt: skip
    """So that the profile API can tell of a model set without asking the registry. `fold` is its rehearsal, if any."""
    with transaction(database_url) as cursor:
        cursor.execute(
            named_sql("record_model_set"),
            (
                tenant_key or "", spec.id, spec.as_of, str(spec.horizon_days), spec.feature_set, spec.data_hash,
                spec.code_version, str(spec.seed), registered.run_id, json.dumps(dict(registered.versions)),
                json.dumps(spec.basis), json.dumps(measures_of(fold)), card,
            ),
        )  # fmt: skip


def measures_of(fold: Fold | None) -> dict[str, dict[str, float | None]]:
    """Every measure with its interval and the baseline's value, as the database keeps it."""
    if fold is None:
        return {}
    baseline = fold.baseline_measures
    return {
        name: {**asdict(one), "baseline": baseline[name].value if name in baseline else None}
        for name, one in fold.measures.items()
    }


def find_promised(database_url: str, tenant_key: str | None, model_set: str) -> dict[str, Any]:
    """The measures a set was registered with; empty when it is not recorded or was never rehearsed."""
    found = rows_of(
        database_url,
        "select cast(measures as text) as measures from model_set join tenant on tenant.id = model_set.tenant_id "
        "where $1 in (tenant.key, '') and model_set = $2 order by tenant.id limit 1",
        (tenant_key or "", model_set),
    )
    return dict(json.loads(found[0]["measures"])) if found else {}


def who_scored(database_url: str, tenant_key: str | None, customer_id: int, on: date) -> list[ScoredBy]:
    """The predictions of a customer in force on that day of the brand's calendar, the newest first: each until the next
    one took its place, or it expired. All times are on the brand's clock."""
    rows = rows_of(database_url, named_sql("who_scored"), (tenant_key or "", str(customer_id), on.isoformat()))
    return [_scored_by(row) for row in rows]


def _scored_by(row: dict[str, Any]) -> ScoredBy:
    zone = ZoneInfo(row.pop("time_zone"))
    local = {name: value.astimezone(zone) for name, value in row.items() if isinstance(value, datetime)}
    return ScoredBy(**{**row, **local, "versions": json.loads(row["versions"] or "{}")})
