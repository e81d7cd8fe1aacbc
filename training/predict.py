"""The offline prediction: an order file and a model set in, one Parquet row per customer out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from customer.money import minor_digits
from customer.vocabulary import PredictionBasis, PredictionKind
from machine.whole_file import whole_file
from scoring.engine.btyd import Floats
from scoring.engine.model_set import ModelSet, load_model_set
from scoring.engine.scores import Scores
from scoring.reproduction import read_reproduction
from training.data.engine import LOCAL, Engine, FeatureSource
from training.data.examples import Integers
from training.data.snapshot import CUSTOMERS, Snapshot
from training.data.spine import build_spine

_ROWS_AT_ONCE = 4000
"""The models see each customer once per interval: so many at once fill some 60 MB a thread."""
_WORTH_COMPILING = 50_000

SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("churn_probability", pa.float64()),
        ("next_p10", pa.float64()),
        ("next_p50", pa.float64()),
        ("next_p90", pa.float64()),
        ("p_order_in_horizon", pa.float64()),
        ("value", pa.float64()),
        ("value_p10", pa.float64()),
        ("value_p90", pa.float64()),
        ("basis", pa.string()),
        ("value_basis", pa.string()),
        ("model_version", pa.string()),
    ]
)


_NUMBERS = [field.name for field in SCHEMA if pa.types.is_floating(field.type)]


Models = Callable[[], ModelSet]
"""Gives the models where they are needed, which may be another process."""


@cache
def models_in(folder: Path, *, customers: int = 0) -> ModelSet:
    """The model set of that folder, loaded once in each process. Errors: ModelSetRefusedError when it is damaged.

    With many customers to come its compiled loops answer: they cost seconds to compile once on a machine.
    """
    stored = read_reproduction(folder)
    models = load_model_set(folder)
    return models.sped_up(stored.rows) if customers >= _WORTH_COMPILING else models


def predict_file(
    snapshot: Snapshot, models: Models, *, as_of: datetime, horizon_days: int | None, out: Path,
    engine: Engine = LOCAL, progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:  # fmt: skip
    """Writes the predictions of everybody known before as_of, piece by piece; returns how many rows.

    Whoever has no valid order (all were cancelled or given back) tells the models nothing: they are answered like the
    average customer of one order, as `BASELINE`; with nobody to compare with, their predictions are null.
    """
    spine = build_spine(snapshot, [as_of])
    numbers, keys = customer_keys(snapshot)
    written = 0
    likeness = _Likeness()
    out.parent.mkdir(parents=True, exist_ok=True)
    score = partial(_score, models, horizon_days)
    with whole_file(out) as draft, pq.ParquetWriter(draft, SCHEMA) as writer:
        for scored in engine.in_order(score, engine.sources(snapshot, spine)):
            names = keys.take(pa.array(np.searchsorted(numbers, scored.customer_id)))
            rows = scored.rows.add_column(0, SCHEMA.field("customer_id"), names)
            likeness.learn(rows, scored.order_count)
            writer.write_table(rows.filter(pa.array(scored.order_count > 0)))
            likeness.wait(rows.filter(pa.array(~(scored.order_count > 0))))
            written += rows.num_rows
            progress(written, spine.num_rows)
        for rows in likeness.answered():
            writer.write_table(rows)
    return written


@dataclass(frozen=True, slots=True)
class _Scored:
    """The predictions of one source, without the customers' own keys."""

    customer_id: Integers
    order_count: Floats
    rows: pa.Table


def _score(models: Models, horizon_days: int | None, source: FeatureSource) -> _Scored:
    features, loaded = source(), models()
    parts = []
    for start in range(0, features.num_rows, _ROWS_AT_ONCE):
        part = features.slice(start, _ROWS_AT_ONCE)
        matrix = np.column_stack([part[name].to_numpy() for name in loaded.spec.columns])
        parts.append(_rows(loaded, loaded.scores(matrix, as_of=part["as_of"][0].as_py(), horizon_days=horizon_days)))
    return _Scored(
        features["customer_id"].to_numpy(), features["order_count"].to_numpy(), pa.concat_tables(parts).combine_chunks()
    )


class _Likeness:
    """The average prediction of customers with one order, for those who have none to be judged by."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(_NUMBERS, 0.0)
        self._count = 0
        self._waiting: list[pa.Table] = []

    def learn(self, rows: pa.Table, order_count: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
        once = rows.filter(pa.array(order_count == 1))
        self._count += once.num_rows
        for name in _NUMBERS:
            self._sums[name] += float(np.sum(once[name].to_numpy()))

    def wait(self, rows: pa.Table) -> None:
        self._waiting.append(rows)

    def answered(self) -> list[pa.Table]:
        average = {name: total / self._count if self._count else np.nan for name, total in self._sums.items()}
        return [_alike(rows, average) for rows in self._waiting]


def _alike(rows: pa.Table, average: Mapping[str, float]) -> pa.Table:
    for name, value in average.items():
        column = _numbers(np.full(rows.num_rows, value))
        rows = rows.set_column(rows.column_names.index(name), name, column)
    for name in ("basis", "value_basis"):
        basis = pa.array([str(PredictionBasis.BASELINE)] * rows.num_rows, pa.string())
        rows = rows.set_column(rows.column_names.index(name), name, basis)
    return rows


def customer_keys(snapshot: Snapshot) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], pa.ChunkedArray]:
    """The numbers customers have in the snapshot, ascending, and their own keys beside them."""
    table = pq.read_table(snapshot.folder / CUSTOMERS).sort_by("customer_id")
    return table["customer_id"].to_numpy(), table["customer_key"]


def _rows(models: ModelSet, scores: Scores) -> pa.Table:
    """The columns of `SCHEMA` but for the customer's key."""
    major = 10.0 ** minor_digits(models.spec.currency)
    nothing = np.full(len(scores.churn), np.nan)
    value = scores.value
    columns = [
        _numbers(scores.churn), _numbers(scores.p10_days), _numbers(scores.p50_days), _numbers(scores.p90_days),
        _numbers(1.0 - scores.churn),
        _numbers(value.expected / major if value else nothing),
        _numbers(value.low / major if value else nothing),
        _numbers(value.high / major if value else nothing),
        pa.array([_basis(models, PredictionKind.CHURN)] * len(scores.churn), pa.string()),
        pa.array([_basis(models, PredictionKind.VALUE) if value else None] * len(scores.churn), pa.string()),
        pa.array([models.spec.id] * len(scores.churn)),
    ]  # fmt: skip
    return pa.table(columns, schema=SCHEMA.remove(0))


def _basis(models: ModelSet, kind: PredictionKind) -> str:
    has_model = models.basis(kind) is PredictionBasis.MODEL
    return str(PredictionBasis.MODEL if has_model else PredictionBasis.BASELINE)


def _numbers(values: Floats) -> pa.Array:
    """NaN, which stands for "not predicted", becomes null."""
    return pa.array(values, mask=np.isnan(values))
