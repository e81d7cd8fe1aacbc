"""The pictures of an evaluation: calibration, gains, survival against what came, and what moves a prediction."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.engine.model_set import ModelSet
from training.evaluation.outcome import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHAP_CUSTOMERS = 500
_SHOWN = 15


def draw_plots(found: Outcome, baseline: Outcome, models: ModelSet, folder: Path) -> Path:
    """Writes PNG files into `folder` and returns it; survival and contributions are those of `models`."""
    folder.mkdir(parents=True, exist_ok=True)
    _save(folder / "calibration.png", lambda axes: _calibration(axes, found, baseline))
    _save(folder / "gains.png", lambda axes: _gains(axes, found, baseline))
    _save(folder / "survival.png", lambda axes: _survival(axes, found, models))
    _save(folder / "shap_summary.png", lambda axes: _summary(axes, found, models))
    return folder


def _save(path: Path, draw: Any) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.4), layout="constrained")  # no pyplot: nothing global, safe in any thread
    FigureCanvasAgg(figure)
    draw(figure.add_subplot())
    figure.savefig(path, dpi=110)


def _calibration(axes: "Axes", models: Outcome, baseline: Outcome) -> None:
    for outcome, name in ((models, "models"), (baseline, "baseline")):
        groups = np.array_split(np.argsort(outcome.churn, kind="stable"), 15)
        groups = [group for group in groups if len(group)]
        predicted = [float(outcome.churn[group].mean()) for group in groups]
        axes.plot(predicted, [float(outcome.churned[group].mean()) for group in groups], marker="o", label=name)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axes.set(xlabel="predicted P(no order)", ylabel="share without an order", title="Calibration")
    axes.legend()


def _gains(axes: "Axes", models: Outcome, baseline: Outcome) -> None:
    for outcome, name in ((models, "models"), (baseline, "baseline")):
        wanted = outcome.amount if outcome.amount is not None else (~outcome.churned).astype(np.float64)
        score = outcome.value if outcome.value is not None else 1.0 - outcome.churn
        gains = np.cumsum(wanted[np.argsort(-score, kind="stable")]) / max(float(wanted.sum()), 1e-9)
        axes.plot(np.linspace(0, 1, len(gains)), gains, label=name)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axes.set(xlabel="share of customers, highest value first", ylabel="share of what came", title="Gains")
    axes.legend()


def _survival(axes: "Axes", outcome: Outcome, models: ModelSet) -> None:
    """Mean predicted curve against the share still silent: everybody was watched through the horizon."""
    horizon = outcome.horizon_days
    scores = models.scores(outcome.matrix)
    inside = scores.days <= horizon
    axes.plot([0.0, *scores.days[inside]], [1.0, *(1.0 - scores.within[:, inside].mean(axis=0))], label="predicted")
    waits = np.where(np.isnan(outcome.wait_days), np.inf, outcome.wait_days)
    days = np.arange(horizon + 1)
    axes.step(days, [float((waits >= day).mean()) for day in days], where="post", label="observed")
    axes.set(xlabel="days", ylabel="share without an order yet", title="Survival", ylim=(0, 1))
    axes.legend()


def _summary(axes: "Axes", outcome: Outcome, models: ModelSet) -> None:
    """Mean absolute SHAP contribution to the log-odds of churn, of some customers."""
    chosen = np.random.default_rng(0).permutation(len(outcome.churn))[:_SHAP_CUSTOMERS]
    reasons = models.scores(outcome.matrix[chosen], drivers=1).reasons
    if reasons is None or reasons.churn is None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "The baseline answers: no trees to explain", ha="center")
        return
    strength = np.abs(reasons.churn.values).mean(axis=0)
    top = np.argsort(-strength)[:_SHOWN][::-1]
    axes.barh([reasons.churn.names[position] for position in top], strength[top])
    axes.set(xlabel="mean absolute contribution to the log-odds of churn", title="What moves churn")
