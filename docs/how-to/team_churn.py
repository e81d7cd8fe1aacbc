"""A team's own churn model, by its own means: learns from Parcours' features, and is logged with plain MLflow calls.

python docs/how-to/team_churn.py AS_OF HORIZON_DAYS        # such as 2026-11-01 14
"""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import lightgbm
import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature

from customer.local_time import read_instant
from training.commands.sources import brand_time_zone
from training.data.database_snapshot import snapshot_from_database
from training.data.examples import feature_frame, labels
from training.data.spine import build_spine
from training.settings import database_url, load_settings

INPUTS = ["days_since_last_order", "order_count_90d", "median_gap_days", "net_amount_365d", "days_since_last_service"]


def examples(url: str, as_of: datetime, horizon_days: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Every buyer at six moments before as_of, and whether no order followed within the horizon."""
    with TemporaryDirectory() as folder:
        snapshot = snapshot_from_database(url, Path(folder) / "snapshot", known_before=as_of)
        spine = build_spine(snapshot, [as_of - timedelta(days=horizon_days * back) for back in range(6, 0, -1)])
        frame = feature_frame(snapshot, spine)
        outcome = labels(snapshot, spine, horizon_days=horizon_days)
    table = pd.DataFrame({name: frame.column(name) for name in INPUTS})
    bought = frame.column("order_count") > 0
    return table[bought], outcome.churned[bought].astype(float)


def main(as_of: datetime, horizon_days: int) -> None:
    table, churned = examples(database_url(load_settings()), as_of, horizon_days)
    booster = lightgbm.train(
        {"objective": "binary", "num_leaves": 15, "learning_rate": 0.05, "verbose": -1},
        lightgbm.Dataset(table, churned),
        num_boost_round=80,
    )
    mlflow.set_experiment("team churn")
    mlflow.lightgbm.log_model(
        booster, name="model", signature=infer_signature(table, churned), registered_model_name="team_churn"
    )


if __name__ == "__main__":
    main(read_instant(sys.argv[1], brand_time_zone(load_settings())), int(sys.argv[2]))
