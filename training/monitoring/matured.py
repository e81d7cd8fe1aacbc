"""Predictions that were given and have matured, beside what came: judged as if they were an evaluation's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from customer.features.definitions import FEATURE_NAMES
from customer.features.moment import days_later
from scoring.engine.btyd import Flags, Floats
from scoring.engine.model_set import ModelSet
from training.data.examples import feature_frame, labels_within
from training.data.learning import LearningSet
from training.data.snapshot import Snapshot
from training.data.spine import spine_of
from training.evaluation.outcome import Outcome, baseline_outcome
from training.evaluation.survival import daily_grid, integrated_brier_losses, silence_between
from training.registry.database import rows_of

_MOST_CUSTOMERS = 20_000
_TIMEOUT_S = 120
_SQL = (Path(__file__).parent / "sql" / "matured_predictions.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One customer's stored answer and the instant it looked from."""

    customer_id: int
    as_of: datetime
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matured:
    """What was predicted, what the baseline would have said, and what came; `curves` are integrated Brier losses."""

    customer_ids: tuple[int, ...]
    as_ofs: tuple[datetime, ...]
    examples: LearningSet
    outcome: Outcome
    baseline: Outcome
    curves: Floats


def given_at(database_url: str, tenant_key: str | None, model_set: str, moment: datetime) -> list[Given]:
    """What `model_set` had predicted, for whom it was in force at the moment."""
    parameters = (tenant_key or "", moment.isoformat(), model_set, str(_MOST_CUSTOMERS))
    rows = rows_of(database_url, _SQL, parameters, timeout_s=_TIMEOUT_S)
    return [Given(customer_id=row["customer_id"], as_of=row["as_of"], answer=json.loads(row["answer"])) for row in rows]


def matured(
    snapshot: Snapshot, models: ModelSet, given: Sequence[Given], *, observed_until: datetime
) -> Matured | None:
    """Those whose horizon had passed by `observed_until`; None when there is nobody.

    `models` tells the horizon and the baseline; the predictions are those that were given, not made again.
    """
    horizon, trained_at = models.horizon_days, datetime.fromisoformat(models.spec.as_of)
    last = days_later(observed_until, -horizon, snapshot.time_zone)
    known = {
        (one.customer_id, one.as_of): one.answer
        for one in given
        # Predictions written afterwards, by models that knew what came, prove nothing.
        if one.answer["churn"]["horizon_days"] == horizon and trained_at <= one.as_of <= last
    }
    if not known:
        return None
    spine = spine_of(snapshot, known)
    pairs = list(zip(spine["customer_id"].to_pylist(), spine["as_of"].to_pylist(), strict=True))
    examples = _examples(snapshot, spine, models, observed_until)
    ordered = examples.matrix[:, FEATURE_NAMES.index("order_count")] > 0  # an order may have been cancelled since
    answers = [known[pair] for pair, keep in zip(pairs, ordered, strict=True) if keep]
    if not answers:
        return None
    examples = examples.rows(ordered)
    return Matured(
        customer_ids=tuple(pair[0] for pair, keep in zip(pairs, ordered, strict=True) if keep),
        as_ofs=tuple(pair[1] for pair, keep in zip(pairs, ordered, strict=True) if keep),
        examples=examples,
        outcome=_outcome(examples, answers, horizon),
        baseline=baseline_outcome(models, examples),
        curves=integrated_brier_losses(_silence(answers, daily_grid(horizon)), examples.wait_days, daily_grid(horizon)),
    )


def _examples(snapshot: Snapshot, spine: Any, models: ModelSet, observed_until: datetime) -> LearningSet:
    edges = tuple(int(edge) for edge in models.spec.value.edges) if models.spec.value else (0, models.horizon_days)
    found = labels_within(snapshot, spine, horizons=edges[1:], observed_until=observed_until)
    totals = np.column_stack([np.zeros(spine.num_rows), *(one.net_minor for one in found)])
    watched = found[-1].censored_after_days.astype(np.float64)
    return LearningSet(
        matrix=feature_frame(snapshot, spine).values, age_days=watched, watched_days=watched,
        wait_days=found[-1].days_to_next, second_wait_days=found[-1].days_to_second,
        amounts=np.diff(totals, axis=1), value_edges=edges,
    )  # fmt: skip


def _outcome(examples: LearningSet, answers: Sequence[Mapping[str, Any]], horizon: int) -> Outcome:
    def of(kind: str, name: str) -> Floats:
        return np.array([(answer.get(kind) or {}).get(name, np.nan) for answer in answers], dtype=np.float64)

    seen = np.minimum(np.where(np.isnan(examples.wait_days), np.inf, examples.wait_days), float(horizon))
    valued: Flags = ~np.isnan(of("value", "expected_minor"))
    has_value = bool(valued.all())
    return Outcome(
        horizon_days=horizon,
        matrix=examples.matrix,
        churned=examples.churned(horizon),
        wait_days=examples.wait_days,
        amount=examples.amounts.sum(axis=1) if has_value else None,
        churn=of("churn", "probability"),
        quantiles={level: of("next_purchase", name) for level, name in _QUANTILES.items()},
        position=np.array([_within(answer["next_purchase"], day) for answer, day in zip(answers, seen, strict=True)]),
        value=of("value", "expected_minor") if has_value else None,
        low=of("value", "low_minor") if has_value else None,
        high=of("value", "high_minor") if has_value else None,
    )


_QUANTILES = {0.1: "p10_days", 0.5: "p50_days", 0.9: "p90_days"}


def _within(curve: Mapping[str, Any], day: float) -> float:
    return float(1.0 - _read(curve, np.array([day]))[0])


def _silence(answers: Sequence[Mapping[str, Any]], days: Floats) -> Floats:
    return np.stack([_read(answer["next_purchase"], days) for answer in answers])


def _read(curve: Mapping[str, Any], days: Floats) -> Floats:
    """P(no order within each of `days`) from the points of one stored curve."""
    points = np.asarray(curve["days"], dtype=np.float64)
    answer: Floats = silence_between(points, np.asarray([curve["probability"]], dtype=np.float64), days)[0]
    return answer
