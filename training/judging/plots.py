"""The pictures of an evaluation: calibration, gains, lift, survival against what came, and what moves a prediction."""

import io
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from scoring.engine.btyd import Floats
from scoring.engine.explanation import Contributions, Reasons
from scoring.engine.model_set import ModelSet
from training.evaluation.outcome import Outcome
from training.evaluation.stages import stage_masks
from training.evaluation.survival import silence_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Draw = Callable[["Axes"], None]

_SHAP_CUSTOMERS, _SHAP_INPUTS = 400, 12
_FEWEST_IN_STAGE = 50
_GROUPS = 15
_MODELS, _BASELINE, _INK, _FAINT = "#2f6fde", "#d9822b", "#1d2430", "#9aa4b2"
_THEMED = {"#2f6fde": "var(--models)", "#d9822b": "var(--baseline)", "#1d2430": "var(--ink)", "#9aa4b2": "var(--faint)"}
"""In a page the colours follow its theme, light or dark."""
_NOT_SHOWN = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_STYLE = {
    "text.color": _INK, "axes.labelcolor": _INK, "axes.edgecolor": _FAINT, "xtick.color": _INK, "ytick.color": _INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": _FAINT, "grid.alpha": 0.25,
    "axes.facecolor": "none", "figure.facecolor": "none", "legend.frameon": False, "font.size": 10.0,
    "svg.fonttype": "none", "svg.hashsalt": "parcours",
}  # fmt: skip


def _pictures(found: Outcome, baseline: Outcome, models: ModelSet) -> Mapping[str, Draw]:
    pictures: dict[str, Draw] = {
        "calibration": lambda axes: _calibration(axes, found, baseline),
        "gains": lambda axes: _gains(axes, found, baseline),
        "lift": lambda axes: _lift(axes, found, baseline),
        "survival": lambda axes: _survival(axes, found, models),
    }
    chosen = np.random.default_rng(0).permutation(len(found.churn))[:_SHAP_CUSTOMERS]
    reasons = models.scores(found.matrix[chosen], drivers=1).reasons
    pictures["shap_summary"] = lambda axes: _summary(axes, reasons, "churn")
    if found.value is not None:
        pictures["shap_summary_value"] = lambda axes: _summary(axes, reasons, "value")
    return pictures


def drawn(found: Outcome, baseline: Outcome, models: ModelSet) -> Mapping[str, str]:
    """Each picture as SVG text, by name; survival and contributions are those of `models`."""
    return {name: _svg(draw) for name, draw in _pictures(found, baseline, models).items()}


def themed(svg: str) -> str:
    """As an element of a page: in the colours of the page's theme."""
    for colour, variable in _THEMED.items():
        svg = svg.replace(colour, variable)
    return _NOT_SHOWN.sub("", svg[svg.index("<svg") :])


def _svg(draw: Draw) -> str:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    with rc_context(_STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(6.4, 4.4))  # no pyplot: nothing global is drawn on
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        draw(axes)
        longest = max((len(label.get_text()) for label in axes.get_yticklabels()), default=0)
        figure.subplots_adjust(left=min(0.08 + 0.0125 * longest, 0.6), right=0.97, top=0.92, bottom=0.12)
        figure.savefig(buffer, format="svg", dpi=110, metadata={"Date": None})
    return buffer.getvalue().decode()


def _calibration(axes: "Axes", models: Outcome, baseline: Outcome) -> None:
    for outcome, name, colour in ((baseline, "baseline", _BASELINE), (models, "models", _MODELS)):
        groups = np.array_split(np.argsort(outcome.churn, kind="stable"), _GROUPS)
        groups = [group for group in groups if len(group)]
        predicted = np.array([outcome.churn[group].mean() for group in groups])
        observed = np.array([outcome.churned[group].mean() for group in groups])
        error = np.abs(_wilson(observed, np.array([len(group) for group in groups])) - observed)
        axes.errorbar(predicted, observed, yerr=error, marker="o", markersize=4, label=name, color=colour, capsize=2)
    axes.plot([0, 1], [0, 1], color=_FAINT, linestyle=":")
    axes.set(xlabel="predicted P(no order)", ylabel="share without an order", title="Calibration, 15 equal groups")
    axes.legend()


def _wilson(shares: Floats, sizes: Floats) -> Floats:
    """(2, shares): both ends of the 95 % interval of each share; never outside 0 to 1."""
    square = 1.96**2 / sizes
    middle = shares + square / 2.0
    reach = np.sqrt(square * shares * (1.0 - shares) + square**2 / 4.0)
    ends: Floats = np.clip(np.stack([middle - reach, middle + reach]) / (1.0 + square), 0.0, 1.0)
    return ends


def _gains(axes: "Axes", models: Outcome, baseline: Outcome) -> None:
    for outcome, name, colour in ((baseline, "baseline", _BASELINE), (models, "models", _MODELS)):
        wanted = _came_by_rank(outcome)
        gains = np.cumsum(wanted) / max(float(wanted.sum()), 1e-9)
        axes.plot(np.linspace(0, 1, len(gains)), gains, label=name, color=colour)
    axes.plot([0, 1], [0, 1], color=_FAINT, linestyle=":")
    axes.set(xlabel="share of customers, highest value first", ylabel="share of what came", title="Gains")
    axes.legend()


def _lift(axes: "Axes", models: Outcome, baseline: Outcome) -> None:
    width = 0.4
    for shift, (outcome, name, colour) in enumerate(((models, "models", _MODELS), (baseline, "baseline", _BASELINE))):
        wanted = _came_by_rank(outcome)
        mean = max(float(wanted.mean()), 1e-9)
        lifts = [float(part.mean()) / mean if len(part) else 0.0 for part in np.array_split(wanted, 10)]
        axes.bar(np.arange(1, 11) + (shift - 0.5) * width, lifts, width, label=name, color=colour)
    axes.axhline(1.0, color=_FAINT, linestyle=":")
    axes.set(xlabel="tenth of customers, highest value first", ylabel="times the average", title="Lift")
    axes.set_xticks(range(1, 11))
    axes.legend()


def _came_by_rank(outcome: Outcome) -> Floats:
    """What came of each customer (money, or an order where amounts are not known), the best predicted first."""
    wanted = outcome.amount if outcome.amount is not None else (~outcome.churned).astype(np.float64)
    score = outcome.value if outcome.value is not None else 1.0 - outcome.churn
    ranked: Floats = wanted[np.argsort(-score, kind="stable")]
    return ranked


def _survival(axes: "Axes", outcome: Outcome, models: ModelSet) -> None:
    """Mean predicted curve against the share still silent: everybody was watched through the horizon."""
    days = np.arange(outcome.horizon_days + 1, dtype=np.float64)
    silent = silence_of(models, outcome.matrix, days)
    waits = np.where(np.isnan(outcome.wait_days), np.inf, outcome.wait_days)
    observed = waits[:, None] >= days
    shown = {name: mask for name, mask in stage_masks(outcome).items() if mask.sum() >= _FEWEST_IN_STAGE}
    for name, mask in shown.items():
        [line] = axes.plot(days, silent[mask].mean(axis=0), linewidth=1.2, label=f"{name.lower()}, predicted")
        axes.plot(days, observed[mask].mean(axis=0), color=line.get_color(), linestyle=":")
    axes.plot(days, silent.mean(axis=0), color=_MODELS, linewidth=2.4, label="everybody, predicted")
    axes.plot(days, observed.mean(axis=0), color=_INK, linestyle=":", label="dotted: observed")
    axes.set(xlabel="days", ylabel="share without an order yet", title="Survival by stage", ylim=(0, 1))
    axes.legend(fontsize=8)


def _summary(axes: "Axes", reasons: Reasons | None, model: str) -> None:
    """SHAP contributions of some customers, one dot each: to the log-odds of churn, or the log of the value."""
    from matplotlib import colormaps

    found = getattr(reasons, model) if reasons else None
    if found is None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "The baseline answers: no trees to explain", ha="center")
        return
    top = strongest_inputs(found)[:_SHAP_INPUTS][::-1]
    spread = np.random.default_rng(1).uniform(-0.3, 0.3, len(found.values))
    for row, position in enumerate(top):
        known = found.inputs[:, position] if position < found.inputs.shape[1] else None
        colours = colormaps["coolwarm"](_ranks(known)) if known is not None else _FAINT
        axes.scatter(found.values[:, position], row + spread, s=5, c=colours, rasterized=True)
    axes.axvline(0.0, color=_FAINT)
    axes.set_yticks(range(len(top)), [found.names[position] for position in top])
    scale = "log-odds of churn" if model == "churn" else "log of the expected value"
    axes.set_xlabel(f"contribution to the {scale}")
    axes.set_title(f"What moves {model} (blue: low values, red: high)", loc="right")  # its left is taken by the names


def strongest_inputs(found: Contributions) -> list[int]:
    """Positions of the inputs by mean absolute contribution, the strongest first."""
    order: list[int] = np.argsort(-np.abs(found.values).mean(axis=0), kind="stable").tolist()
    return order


def _ranks(values: Floats) -> Floats:
    """0 to 1 by size; missing values in the middle."""
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable") / max(len(values) - 1, 1)
    ranks: Floats = np.where(np.isnan(values), 0.5, order)
    return ranks
