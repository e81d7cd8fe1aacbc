"""An evaluation as one HTML page that needs nothing beside it: measures with intervals, groups, pictures inside."""

import base64
import html
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from training.evaluation.backtest import Fold
from training.evaluation.plots import draw_plots

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1d2430 }
table { border-collapse: collapse; margin: 1rem 0 } th, td { padding: .25rem .7rem; border-bottom: 1px solid #d9dee7 }
td { text-align: right; font-variant-numeric: tabular-nums } td:first-child, th { text-align: left }
img { max-width: 48%; height: auto } small { color: #5c6677 }
"""
_MEASURES = {
    "customers": "customers", "churn_rate": "observed churn", "churn_auc": "churn AUC", "churn_pr_auc": "churn PR-AUC",
    "churn_log_loss": "churn log loss", "churn_brier": "churn Brier", "churn_ece": "churn calibration error (15 bins)",
    "churn_in_the_large": "churn predicted less observed", "next_c_index": "next purchase C-index",
    "next_pinball": "quantile loss of min(T, horizon), days", "next_coverage": "P10-P90 coverage (D-calibrated)",
    "next_median_error": "median error of the median, days", "value_spearman": "value Spearman",
    "value_gini": "value normalised Gini", "value_top_decile": "value in the top decile",
    "value_mae": "value mean error, minor units", "value_bias": "value total bias",
    "value_coverage": "value P10-P90 coverage",
}  # fmt: skip
_GROUPED = ("customers", "churn_rate", "churn_auc", "churn_brier", "churn_in_the_large", "value_bias")


def write_report(folds: Sequence[Fold], path: Path) -> Path:
    """Writes the page; the newest fold comes first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = "".join(_fold(fold) for fold in folds)
    path.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Evaluation</title>'
        f"<style>{_STYLE}</style><h1>Evaluation</h1>{body}</html>",
        encoding="utf-8",
    )
    return path


def _fold(fold: Fold) -> str:
    spec = fold.models.spec
    rows = [
        (words, f"{found.value:.4g}", f"{found.low:.4g} to {found.high:.4g}", _number(fold.baseline_measures.get(name)))
        for name, words in _MEASURES.items()
        if (found := fold.measures.get(name)) is not None
    ]
    groups = [
        (name, *(_number(measures.get(measure)) for measure in _GROUPED)) for name, measures in fold.groups.items()
    ]
    return (
        f"<h2>As of {fold.as_of:%Y-%m-%d}, {spec.horizon_days} days ahead</h2>"
        f"<p><small>model set {html.escape(spec.id)}, data {html.escape(spec.data_hash)}, seed {spec.seed}, "
        f"code {html.escape(spec.code_version)}; intervals: 95 %, bootstrap over customers</small></p>"
        f"{_table(('', 'models', 'interval', 'MBG/NBD + Gamma-Gamma'), rows)}"
        f"{_table(('', *(_MEASURES[name] for name in _GROUPED)), groups)}{_pictures(fold)}"
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in head)}</tr>{lines}</table>"


def _pictures(fold: Fold) -> str:
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        pictures = sorted(draw_plots(fold.outcome, fold.baseline, fold.models, Path(scratch)).glob("*.png"))
        return "".join(
            f'<img alt="{picture.stem}" src="data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}">'
            for picture in pictures
        )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
