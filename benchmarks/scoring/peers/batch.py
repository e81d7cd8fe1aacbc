"""A Parquet file of feature vectors scored into another: by the engine in pieces, or as usual with pandas.

`python -m benchmarks.scoring.peers.batch ours|usual MODELS IN OUT` prints what it took as JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_PIECE = 4000
_FRAME = 50_000  # the usual way puts a row per customer and interval in memory: all at once would not fit


def make_vectors(matrix: Any, columns: list[str], rows: int, path: Path) -> None:
    """Writes so many vectors: those of `matrix` again and again."""
    table = pa.table({name: matrix[:, number] for number, name in enumerate(columns)})
    with pq.ParquetWriter(path, table.schema) as writer:
        for start in range(0, rows, 100 * len(matrix)):
            repeats = min(100, -(-(rows - start) // len(matrix)))
            writer.write_table(pa.concat_tables([table] * repeats).slice(0, rows - start))


def ours(models_folder: Path, source: Path, target: Path) -> float:
    from scoring.loading import load_verified
    from scoring.model_repository import ModelSetVersion

    models = load_verified(models_folder, ModelSetVersion(key="batch"), max_rows=_PIECE).models
    total, writer = 0.0, None
    file = pq.ParquetFile(source)
    for batch in file.iter_batches(batch_size=_PIECE, columns=models.spec.columns):
        matrix = np.column_stack([column.to_numpy(zero_copy_only=False) for column in batch.columns])
        scores = models.scores(matrix, threads=2)
        assert scores.value is not None
        table = pa.table(
            {
                "churn": scores.churn, "p10": scores.p10_days, "p50": scores.p50_days, "p90": scores.p90_days,
                "value": scores.value.expected,
            }
        )  # fmt: skip
        writer = writer or pq.ParquetWriter(target, table.schema)
        writer.write_table(table)
        total += float(np.nansum(scores.churn))
    if writer is not None:
        writer.close()
    return total


def usual(models_folder: Path, source: Path, target: Path) -> float:
    import pandas as pd

    from benchmarks.scoring.peers.usual import UsualModels

    models, frame = UsualModels(models_folder), pd.read_parquet(source)
    parts = []
    for start in range(0, len(frame), _FRAME):
        parts.append(pd.DataFrame(models.predict(frame.iloc[start : start + _FRAME])))
    answers = pd.concat(parts)
    answers.to_parquet(target)
    return float(answers["churn_probability"].sum())


if __name__ == "__main__":
    how, models_folder, source, target = sys.argv[1], *map(Path, sys.argv[2:5])
    began = time.perf_counter()
    total = (ours if how == "ours" else usual)(models_folder, source, target)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "wall_s": round(time.perf_counter() - began, 2),
                "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
                "peak_mb": round(usage.ru_maxrss / 1024),
                "churn_sum": total,
            }
        )
    )
