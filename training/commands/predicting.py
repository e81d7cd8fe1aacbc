"""`parcours predict`: every customer of an order file, by a model set in a folder."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

from customer.features.moment import day_of
from training.commands.sources import complain, order_file_snapshot, tell_silence
from training.data.engine import LOCAL, Engine
from training.predict import models_in, predict_file
from training.train import Progress


def predict_from_orders(
    orders: Path, *, models: Path, as_of: datetime, horizon_days: int | None, out: Path, mapping: Mapping[str, str],
    now: datetime, progress: Progress, engine: Engine = LOCAL,
) -> int:  # fmt: skip
    """Writes the predictions file; the time zone is that of the model set. Returns the number of rows."""
    folder = models.resolve()
    spec = models_in(folder).spec
    trained_at = datetime.fromisoformat(spec.as_of)
    if as_of < trained_at:
        complain(
            f"these models learnt from what happened until {day_of(trained_at, spec.time_zone)}, which is after "
            f"{day_of(as_of, spec.time_zone)}: do not judge them by these predictions; "
            "`parcours evaluate --backtest` does it honestly"
        )
    with order_file_snapshot(
        orders, as_of=as_of, now=now, mapping=mapping, time_zone=spec.time_zone, progress=progress
    ) as snapshot:
        tell_silence(snapshot, as_of)
        progress("predicting: features")
        ready = partial(models_in, folder, customers=snapshot.customer_count)
        return predict_file(
            snapshot, ready, as_of=as_of, horizon_days=horizon_days, out=out, engine=engine,
            progress=lambda done, total: progress(f"predicting: {done:,} of {total:,} customers"),
        )  # fmt: skip
