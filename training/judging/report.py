"""An evaluation as one HTML page: measures with intervals beside the baseline's, groups, pictures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.evaluation.intervals import Measured
from training.evaluation.stages import CHANNEL, STAGE
from training.judging.backtest import FEWEST, Fold
from training.judging.pages import write_page
from training.judging.plots import drawn, themed


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How a measure is called and which values of it are good: more, less, or near `target`."""

    section: str
    words: str
    better: str
    target: float | None = None

    def distance(self, value: float) -> float:
        """How far from good: smaller is better."""
        if self.target is not None:
            return abs(value - self.target)
        return value if self.better == "less" else -value


_CHURN, _NEXT, _VALUE = "Churn", "Next purchase", "Value"
_SECTIONS = (_CHURN, _NEXT, _VALUE)
MEASURES: Mapping[str, Measure] = {
    "churn_rate": Measure(section=_CHURN, words="observed churn", better=""),
    "churn_auc": Measure(section=_CHURN, words="AUC", better="more"),
    "churn_pr_auc": Measure(section=_CHURN, words="PR-AUC (average precision)", better="more"),
    "churn_log_loss": Measure(section=_CHURN, words="log loss", better="less"),
    "churn_brier": Measure(section=_CHURN, words="Brier score", better="less"),
    "churn_ece": Measure(section=_CHURN, words="calibration error (ECE, 15 bins)", better="less"),
    "churn_in_the_large": Measure(
        section=_CHURN, words="calibration in the large: predicted less observed", better="near 0", target=0.0
    ),
    "next_c_index": Measure(section=_NEXT, words="C-index (IPCW)", better="more"),
    "next_integrated_brier": Measure(section=_NEXT, words="integrated Brier score", better="less"),
    "next_pinball": Measure(section=_NEXT, words="quantile loss of min(T, horizon), days", better="less"),
    "next_coverage": Measure(section=_NEXT, words="P10-P90 coverage, D-calibrated", better="near .80", target=0.8),
    "next_median_error": Measure(
        section=_NEXT, words="median absolute error of the median, of who came, days", better="less"
    ),
    "value_spearman": Measure(section=_VALUE, words="Spearman", better="more"),
    "value_gini": Measure(section=_VALUE, words="normalised Gini", better="more"),
    "value_top_decile": Measure(section=_VALUE, words="share of the total in the top tenth", better="more"),
    "value_mae": Measure(section=_VALUE, words="mean absolute error, minor units", better="less, with bias near 0"),
    "value_bias": Measure(section=_VALUE, words="total bias", better="near 0", target=0.0),
    "value_coverage": Measure(section=_VALUE, words="interval coverage", better="near .80", target=0.8),
}
_FIRST = ("churn_auc", "churn_brier", "churn_ece", "next_c_index", "next_integrated_brier", "value_gini", "value_bias")


def pictures_of(fold: Fold) -> Mapping[str, str]:
    """SVG by name."""
    return drawn(fold.outcome, fold.baseline, fold.models)


def write_report(folds: Sequence[Fold], path: Path, *, title: str = "Evaluation") -> Path:
    """Writes the page; the folds in their order."""
    return write_drawn([(fold, pictures_of(fold)) for fold in folds], path, title=title)


def write_drawn(folds: Sequence[tuple[Fold, Mapping[str, str]]], path: Path, *, title: str) -> Path:
    """The same with pictures that were drawn before."""
    return write_page(
        path, "evaluation.html", title=title, folds=[_shown(fold, pictures) for fold, pictures in folds], fewest=FEWEST
    )


def _shown(fold: Fold, pictures: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": fold.title,
        "spec": fold.models.spec,
        "customers": f"{len(fold.outcome.churn):,}",
        "answered_by": answered_by(fold),
        "cards": [
            {"words": f"{MEASURES[name].section.lower()}: {MEASURES[name].words}", "found": fold.measures[name],
             "baseline": getattr(fold.baseline_measures.get(name), "value", None)}
            for name in _FIRST if name in fold.measures
        ],
        "sections": [(section, rows) for section in _SECTIONS if (rows := list(_rows(fold, section)))],
        "groups": [(kind, found) for kind in (STAGE, CHANNEL) if (found := _groups(fold, kind))],
        "pictures": [(name, themed(svg)) for name, svg in pictures.items()],
    }  # fmt: skip


def answered_by(fold: Fold) -> str:
    """In words: else a page whose two columns are equal would be a riddle."""
    return ", ".join(f"{kind.lower().replace('_', ' ')} by the {by.lower()}" for kind, by in fold.answered_by.items())


def _groups(fold: Fold, kind: str) -> list[tuple[str, Mapping[str, Measured]]]:
    """Those of a kind, by their own names."""
    return [(name.removeprefix(f"{kind}: "), found) for name, found in fold.groups.items() if name.startswith(kind)]


def _rows(fold: Fold, section: str) -> Iterator[dict[str, Any]]:
    for name, measure in MEASURES.items():
        if measure.section == section and name in fold.measures:
            found, baseline = fold.measures[name], fold.baseline_measures.get(name)
            yield {
                "name": name, "words": measure.words, "better": measure.better, "found": found, "baseline": baseline,
                "verdict": _verdict(measure, found, baseline),
            }  # fmt: skip


def _verdict(measure: Measure, found: Measured, baseline: Measured | None) -> str:
    """Coloured only where the intervals do not meet, and where it is said what is better."""
    apart = baseline is not None and (found.low > baseline.high or found.high < baseline.low)
    if baseline is None or not apart or not measure.better:
        return ""
    return "good" if measure.distance(found.value) < measure.distance(baseline.value) else "bad"
