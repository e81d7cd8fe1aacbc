"""One look at the champion: matured predictions judged, today's customers compared, the challenger beside it."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from customer.features.moment import days_later
from scoring.engine.model_set import ModelSet, load_model_set
from training.data.examples import feature_frame
from training.data.snapshot import Snapshot, end_of_history
from training.data.spine import build_spine
from training.evaluation.intervals import Measured, with_intervals
from training.evaluation.outcome import outcome_of
from training.evaluation.stages import groups
from training.judging.backtest import INTEGRATED_BRIER
from training.judging.population import Drift, drift_from, read_population
from training.monitoring import findings as rules
from training.monitoring.findings import Finding, Status
from training.monitoring.matured import Matured, given_at, matured
from training.monitoring.shadow import shadowed
from training.registry.database import transaction
from training.registry.model_record import find_promised
from training.registry.model_registry import (
    CHALLENGER,
    CHAMPION,
    RegisteredSet,
    RegistryError,
    connect,
    download_population,
    download_set,
    find_by_alias,
)  # fmt: skip
from training.settings import TrainingSettings, database_url
from training.train import Progress

if TYPE_CHECKING:
    from mlflow import MlflowClient


_WEEK = timedelta(days=7)
_FEWEST = 100  # in a group, to judge it by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was found of one model set on a day."""

    model_set: str
    observed_at: datetime
    moment: datetime  # whose predictions, in force then, were judged
    status: Status
    judged_customers: int
    measures: Mapping[str, Measured]
    baseline: Mapping[str, Measured]
    promised: Mapping[str, Mapping[str, float | None]]
    groups: Mapping[str, Mapping[str, Measured]]
    drift: Sequence[Drift]
    findings: Sequence[Finding]

    @property
    def alerts(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.is_alert]

    @property
    def is_alert(self) -> bool:
        return bool(self.alerts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    registered: RegisteredSet
    models: ModelSet
    drift: Sequence[Drift]


def observe(settings: TrainingSettings, snapshot: Snapshot, *, now: datetime, progress: Progress) -> Observation:
    """Looks at the champion by the facts of `snapshot`. Errors: RegistryError when there is no champion."""
    url = database_url(settings)
    client = connect(settings)
    end = min(now, end_of_history(snapshot))
    progress("customers of today against those of training")
    watched = _watch(client, snapshot, end)
    name, spec = watched.registered.model_set, watched.models.spec
    progress("predictions against what came")
    moment = days_later(end, -spec.horizon_days, snapshot.time_zone).astimezone(ZoneInfo(snapshot.time_zone))
    found = matured(snapshot, watched.models, given_at(url, settings.tenant, name, moment), observed_until=end)
    promised = find_promised(url, settings.tenant, name)
    measures = _measures(found)
    findings = rules.drifts(watched.drift)
    parts: dict[str, dict[str, Measured]] = {}
    if found is not None:
        parts = {group: with_intervals(part, seed=0) for group, part in groups(found.outcome, fewest=_FEWEST).items()}
        findings = [
            *rules.performance(measures, promised, found.outcome, found.baseline, spec.basis),
            *rules.fairness(parts, groups(found.baseline, fewest=_FEWEST)),
            *findings,
            *_challenge(settings, client, found, name),
        ]
    judged = len(found.customer_ids) if found else 0
    return Observation(
        model_set=name, observed_at=now, moment=moment, status=rules.status_of(findings, judged_customers=judged),
        judged_customers=judged, measures=measures, promised=promised, drift=watched.drift, findings=findings,
        baseline=with_intervals(found.baseline, seed=0) if found else {},
        groups=parts,
    )  # fmt: skip


def _watch(client: "MlflowClient", snapshot: Snapshot, end: datetime) -> _Watched:
    champion = find_by_alias(client, CHAMPION)
    if champion is None:
        raise RegistryError("there is no champion to monitor yet; train one with `parcours train`")
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        models = load_model_set(download_set(client, champion, Path(scratch)))
        reference = read_population(download_population(client, champion, Path(scratch)))
    present = feature_frame(snapshot, build_spine(snapshot, [_alike(datetime.fromisoformat(models.spec.as_of), end)]))
    vectors = present.values[present.column("order_count") > 0]
    return _Watched(registered=champion, models=models, drift=drift_from(reference, models, vectors))


def _alike(trained_at: datetime, end: datetime) -> datetime:
    """The last instant by `end` that is whole weeks after the training: silence in days depends on the hour and on the
    weekday one looks from, which is no drift."""
    return trained_at + max((end - trained_at) // _WEEK, 0) * _WEEK


def _challenge(settings: TrainingSettings, client: "MlflowClient", found: Matured, champion: str) -> list[Finding]:
    """What the challenger said in shadow; if it was asked about too few, what it would have said, provided that it had
    not seen what came."""
    challenger = find_by_alias(client, CHALLENGER)
    if challenger is None or challenger.model_set == champion:
        return []
    name = challenger.model_set
    said = shadowed(database_url(settings), settings.tenant, found, challenger=name, champion=champion)
    if said is not None and len(said.champion.churn) >= _FEWEST:
        return rules.challenged(said.challenger, said.champion, f"{name} in shadow")
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        models = load_model_set(download_set(client, challenger, Path(scratch)))
    trained_at = datetime.fromisoformat(models.spec.as_of)
    if trained_at > min(found.as_ofs) or models.horizon_days != found.outcome.horizon_days:
        return [rules.not_compared(name, trained_at)]
    return rules.challenged(outcome_of(models, found.examples), found.outcome, f"{name}, asked afterwards")


def _measures(found: Matured | None) -> dict[str, Measured]:
    return with_intervals(found.outcome, seed=0, losses={INTEGRATED_BRIER: found.curves}) if found else {}


def record_observation(database: str, tenant_key: str | None, observation: Observation) -> None:
    """Adds one row; the profile API and retraining read it."""
    with transaction(database) as cursor:
        cursor.execute(
            "insert into model_observation (tenant_id, model_set, observed_at, status, judged_customers, measures, "
            "findings) select id, $2, cast($3 as timestamptz), $4, cast($5 as integer), cast($6 as jsonb), "
            "cast($7 as jsonb) from tenant where $1 in (key, '') order by id limit 1",
            (
                tenant_key or "", observation.model_set, observation.observed_at.isoformat(), str(observation.status),
                str(observation.judged_customers),
                json.dumps({name: asdict(one) for name, one in observation.measures.items()}),
                json.dumps([asdict(finding) for finding in observation.findings]),
            ),
        )  # fmt: skip
