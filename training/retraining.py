"""When to train again, and doing it once: the hook a scheduler calls every night."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from customer.features.definitions import FEATURE_SET
from training.data.connecting import connect
from training.monitoring.findings import Status
from training.registry.changeover import fault_of_champion
from training.registry.database import named_sql, rows_of
from training.registry.trainings import Order, Training, train_from_database
from training.settings import TrainingSettings, database_url
from training.train import Progress


class Outcome(StrEnum):
    """What a call came to."""

    NOT_DUE = "NOT_DUE"
    RUNNING_ELSEWHERE = "RUNNING_ELSEWHERE"
    PROMOTED = "PROMOTED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`max_age` of the champion's data; after a refusal, or an alert that training did not cure, wait `patience`."""

    max_age: timedelta
    patience: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    outcome: Outcome
    reason: str
    training: Training | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChampionState:
    """Of the present champion, and of the last decision of any kind."""

    trained_as_of: datetime
    horizon_days: int
    feature_set: str
    attempted_at: datetime
    status: str | None


def retrain(
    settings: TrainingSettings, policy: Policy, order: Order, *, is_forced: bool, progress: Progress
) -> Retraining:
    """Trains when it is due, and never twice at once. The order's `as_of` is now."""
    url = database_url(settings)
    with _alone(url, settings.tenant) as is_alone:
        if not is_alone:
            reason = "another retraining of this tenant is running"
            return Retraining(outcome=Outcome.RUNNING_ELSEWHERE, reason=reason)
        is_due, reason = due(url, settings.tenant, policy, now=order.as_of)
        if not (is_due or is_forced) and (fault := fault_of_champion(settings)):
            is_due, reason = True, f"the champion cannot serve any more: {fault}"
        if not (is_due or is_forced):
            return Retraining(outcome=Outcome.NOT_DUE, reason=reason)
        reason = reason if is_due else f"asked for, although {reason}"
        progress(f"due: {reason}")
        training = train_from_database(settings, continued(order, url, settings.tenant), progress=progress)
        outcome = Outcome.PROMOTED if training.is_promoted else Outcome.REFUSED
        return Retraining(outcome=outcome, reason=reason, training=training)


def continued(order: Order, url: str, tenant_key: str | None) -> Order:
    """The order as a retraining takes it: as far ahead as the champion looks, for whoever reads predictions counts on
    it, unless it says how far."""
    state = _state(url, tenant_key)
    horizon = order.horizon_days or (state.horizon_days if state else None)
    return replace(order, horizon_days=horizon, promote=True, force=False, until_facts_end=True)


def due(url: str, tenant_key: str | None, policy: Policy, *, now: datetime) -> tuple[bool, str]:
    """Whether to train now, and why or why not."""
    return is_due(_state(url, tenant_key), policy, now=now)


def is_due(state: ChampionState | None, policy: Policy, *, now: datetime) -> tuple[bool, str]:
    """The same by what is known of the champion; None: there is none."""
    if state is None:
        return True, "there is no champion yet"
    age, since_attempt = now - state.trained_as_of, now - state.attempted_at
    if since_attempt < policy.patience:
        return False, f"the last training was {since_attempt.days} days ago; {policy.patience.days} are waited"
    if state.feature_set != FEATURE_SET:
        return True, "the champion reads other features than this program computes"
    if state.status in (Status.DECAYED, Status.DRIFTED):
        return True, f"monitoring found the champion {state.status.lower()}"
    if age >= policy.max_age:
        return True, f"the champion's data ends {age.days} days ago; at most {policy.max_age.days} are allowed"
    return False, f"the champion's data ends {age.days} days ago, and monitoring found nothing"


def _state(url: str, tenant_key: str | None) -> ChampionState | None:
    """None when no champion is recorded."""
    rows = rows_of(url, named_sql("retraining_state"), (tenant_key or "",))
    return ChampionState(**rows[0]) if rows else None


@contextmanager
def _alone(url: str, tenant_key: str | None) -> Iterator[bool]:
    """Whether this process holds the tenant's retraining lock. PostgreSQL gives it back when the connection ends,
    however the process does."""
    with connect(url, autocommit=True) as database, database.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(hashtext('parcours retrain'), hashtext($1))", (tenant_key or "",))
        row = cursor.fetchone()
        yield bool(row and row[0])
