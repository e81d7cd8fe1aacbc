"""What `parcours train` and `parcours predict` do with files: snapshot in a temporary folder, then train or predict."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from customer.errors import ParcoursError
from scoring.engine.model_set import load_model_set
from training.data.order_snapshot import snapshot_from_orders
from training.data.snapshot import Snapshot, end_of_history
from training.evaluation.backtest import Fold, backtest, judge_at
from training.evaluation.report import write_report
from training.predict import predict_file
from training.recipe import FULL, QUICK
from training.train import Progress, Trained, save_models, train_models


class UsageError(ParcoursError):
    """Options that cannot be understood or do not fit together."""


def read_instant(text: str, time_zone: str) -> datetime:
    """An ISO date (its midnight there) or time. Errors: UsageError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"found --as-of {text!r}, expected a date such as 2011-06-01") from error
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(time_zone))).astimezone(UTC)


def read_mapping(entries: list[str]) -> dict[str, str]:
    """`theirs=ours` pairs. Errors: UsageError."""
    pairs = [entry.partition("=") for entry in entries]
    wrong = [entry for entry, (theirs, _, ours) in zip(entries, pairs, strict=True) if not (theirs and ours)]
    if wrong:
        raise UsageError(f"found --map {wrong[0]!r}, expected theirs=ours, such as --map client=customer_id")
    return {theirs: ours for theirs, _, ours in pairs}


@contextmanager
def order_file_snapshot(
    orders: Path, *, as_of: datetime, now: datetime, mapping: Mapping[str, str], time_zone: str
) -> Iterator[Snapshot]:
    """The facts of the file known before as_of; the folder is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="parcours-") as folder:
        snapshot, _ = snapshot_from_orders(
            orders, Path(folder) / "snapshot", known_before=as_of, now=now, mapping=mapping, time_zone=time_zone
        )
        yield snapshot


def train_from_orders(
    orders: Path, *, as_of: datetime, horizon_days: int | None, out: Path, mapping: Mapping[str, str], time_zone: str,
    quick: bool, seed: int, now: datetime, progress: Progress,
) -> Trained:  # fmt: skip
    """Trains on the file and writes the model-set directory."""
    progress("reading orders")
    with order_file_snapshot(orders, as_of=as_of, now=now, mapping=mapping, time_zone=time_zone) as snapshot:
        trained = train_models(
            snapshot, as_of=as_of, horizon_days=horizon_days, recipe=QUICK if quick else FULL, seed=seed,
            progress=progress,
        )  # fmt: skip
    save_models(trained.models, out, vectors=trained.present.values)
    return trained


def predict_from_orders(
    orders: Path, *, models: Path, as_of: datetime, horizon_days: int | None, out: Path, mapping: Mapping[str, str],
    now: datetime, progress: Progress,
) -> int:  # fmt: skip
    """Writes the predictions file; the time zone is that of the model set. Returns the number of rows."""
    loaded = load_model_set(models)
    progress("reading orders")
    with order_file_snapshot(
        orders, as_of=as_of, now=now, mapping=mapping, time_zone=loaded.spec.time_zone
    ) as snapshot:
        progress("predicting")
        return predict_file(snapshot, loaded, as_of=as_of, horizon_days=horizon_days, out=out)


def evaluate_orders(
    orders: Path, *, models: Path | None, until: datetime | None, horizon_days: int | None, folds: int, report: Path,
    mapping: Mapping[str, str], time_zone: str, seed: int, now: datetime, progress: Progress,
) -> list[Fold]:  # fmt: skip
    """Judges a model set by what followed its as-of; without one, holds a rolling backtest. Writes the page.

    Without `until` the file is followed to its last day: what it does not reach was not observed, which is not the same
    as nobody having bought.
    """
    loaded = load_model_set(models) if models else None
    zone = loaded.spec.time_zone if loaded else time_zone
    progress("reading orders")
    with order_file_snapshot(orders, as_of=until or now, now=now, mapping=mapping, time_zone=zone) as snapshot:
        until = until or min(now, end_of_history(snapshot))
        if loaded is None:
            found = backtest(
                snapshot, until=until, horizon_days=horizon_days, folds=folds, recipe=QUICK, seed=seed,
                progress=progress,
            )  # fmt: skip
        else:
            as_of = datetime.fromisoformat(loaded.spec.as_of)
            if until < as_of + timedelta(days=loaded.horizon_days):
                raise UsageError(
                    f"the models of {as_of:%Y-%m-%d} look {loaded.horizon_days} days ahead; "
                    f"the orders must reach that far, but are followed until {until:%Y-%m-%d} only"
                )
            progress("judging")
            found = [judge_at(snapshot, loaded, as_of=as_of, observed_until=until, seed=seed)]
    progress("writing the report")
    write_report(found, report)
    return found
