"""What the customers of a moment looked like, as counts that name nobody, and how far another moment is from it.

The distance is the population stability index (the symmetric Kullback-Leibler divergence of the two histograms: below
.10 nothing moved, from .25 on the model sees other people); whether chance could have done it is a chi-squared test of
the same counts, corrected for the number of features looked at.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.special import rel_entr
from scipy.stats import chi2_contingency, false_discovery_control

from customer.features.definitions import FEATURE_BY_NAME, FEATURE_NAMES
from customer.features.feature import FeatureType, Kind
from scoring.engine.btyd import Floats
from scoring.engine.model_set import ModelSet

FILE = "population.json"
_BINS = 10
_MOST_CUSTOMERS, _MOST_EXPLAINED = 20_000, 500
_PREDICTED = "predicted: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """`counts[i]` customers lie in (edges[i - 1], edges[i]], the last but one above all edges; the last are missing."""

    edges: list[float]
    counts: list[int]
    weight: float  # share of the churn model's mean absolute contributions; 0 for what it does not read


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The inputs of a model set and its predictions, of the customers it was trained for."""

    as_of: str
    customers: int
    histograms: Mapping[str, Histogram]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far one input, or prediction, has moved. `chance` is the corrected p-value."""

    name: str
    stability_index: float
    chance: float
    weight: float
    missing_before: float
    missing_now: float

    @property
    def is_prediction(self) -> bool:
        return self.name.startswith(_PREDICTED)


def population_of(models: ModelSet, vectors: Floats, *, as_of: str) -> Population:
    """Of customers with an order: at most some thousand of them, chosen evenly."""
    columns, weights = _columns(models, vectors), _weights(models, vectors)
    return Population(
        as_of=as_of,
        customers=len(vectors),
        histograms={name: _histogram(name, values, weights.get(name, 0.0)) for name, values in columns.items()},
    )


def drift_from(reference: Population, models: ModelSet, vectors: Floats) -> list[Drift]:
    """Each input and prediction, what moved most first. `vectors` are of customers with an order."""
    columns = _columns(models, vectors)
    names = [name for name in reference.histograms if name in columns]
    counts = [_counts(reference.histograms[name].edges, columns[name]) for name in names]
    chances = [_chance(reference.histograms[name].counts, now) for name, now in zip(names, counts, strict=True)]
    corrected = false_discovery_control(chances) if chances else []
    found = [
        _drift(name, reference.histograms[name], now, float(chance))
        for name, now, chance in zip(names, counts, corrected, strict=True)
    ]
    return sorted(found, key=lambda drift: -drift.stability_index)


def write_population(population: Population, folder: Path) -> Path:
    path = folder / FILE
    path.write_text(json.dumps(asdict(population), indent=1), encoding="utf-8")
    return path


def read_population(path: Path) -> Population:
    found = json.loads(path.read_text(encoding="utf-8"))
    histograms = {name: Histogram(**one) for name, one in found["histograms"].items()}
    return Population(as_of=found["as_of"], customers=found["customers"], histograms=histograms)


def _columns(models: ModelSet, vectors: Floats) -> dict[str, Floats]:
    """The features the models read, but for those that only tell the date, and what the models predict."""
    every = -(-len(vectors) // _MOST_CUSTOMERS) if len(vectors) else 1
    chosen = vectors[::every]
    features = [name for name in models.spec.design.features if Kind.CALENDAR not in FEATURE_BY_NAME[name].kinds]
    found = {name: chosen[:, FEATURE_NAMES.index(name)] for name in features}
    scores = models.scores(chosen, threads=2)
    found[f"{_PREDICTED}churn"] = scores.churn
    found[f"{_PREDICTED}days to the next order"] = scores.p50_days
    if scores.value is not None:
        found[f"{_PREDICTED}value"] = scores.value.expected
    return found


def _weights(models: ModelSet, vectors: Floats) -> dict[str, float]:
    every = -(-len(vectors) // _MOST_EXPLAINED) if len(vectors) else 1
    reasons = models.scores(vectors[::every], drivers=1).reasons
    if reasons is None or reasons.churn is None:
        return {}
    strength = np.abs(reasons.churn.values).mean(axis=0)
    return dict(zip(reasons.churn.names, (strength / max(strength.sum(), 1e-12)).tolist(), strict=True))


def _histogram(name: str, values: Floats, weight: float) -> Histogram:
    known = values[~np.isnan(values)]
    feature = FEATURE_BY_NAME.get(name)
    if feature is not None and feature.dtype in (FeatureType.CATEGORY, FeatureType.BOOLEAN):
        edges = [code + 0.5 for code in range(max(len(feature.vocabulary), 2) - 1)]
    elif known.size:
        edges = np.unique(np.quantile(known, np.linspace(0.0, 1.0, _BINS + 1)[1:-1])).tolist()
    else:
        edges = []
    return Histogram(edges=edges, counts=_counts(edges, values), weight=weight)


def _counts(edges: Sequence[float], values: Floats) -> list[int]:
    known = values[~np.isnan(values)]
    bins = np.searchsorted(np.asarray(edges, dtype=np.float64), known, side="left")
    return [*np.bincount(bins, minlength=len(edges) + 1).tolist(), len(values) - len(known)]


def _drift(name: str, before: Histogram, now: list[int], chance: float) -> Drift:
    then, present = (_shares(np.asarray(counts, dtype=np.float64)) for counts in (before.counts, now))
    return Drift(
        name=name,
        stability_index=float(rel_entr(then, present).sum() + rel_entr(present, then).sum()),
        chance=chance,
        weight=before.weight,
        missing_before=before.counts[-1] / max(sum(before.counts), 1),
        missing_now=now[-1] / max(sum(now), 1),
    )


def _shares(counts: Floats) -> Floats:
    """With half a customer added to each bin: an empty one is rare, not impossible."""
    smoothed: Floats = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    return smoothed


def _chance(before: Sequence[int], now: Sequence[int]) -> float:
    table = np.array([before, now])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return 1.0
    return float(chi2_contingency(table).pvalue)
