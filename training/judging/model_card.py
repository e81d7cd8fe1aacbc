"""The model card of a set: what it is for, what it learned from, how good and how fair it is, and what it cannot do."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markdown_it import MarkdownIt

from scoring.reproduction import ROWS
from training.basis import caveats
from training.evaluation.gate import Check
from training.evaluation.metrics import calibration_error_by_chance
from training.judging.backtest import FEWEST, Fold
from training.judging.pages import render, write_page
from training.judging.report import MEASURES
from training.train import Trained

MARKDOWN, PAGE = "model_card.md", "model_card.html"
_CALIBRATED = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a set comes from, beyond what it says of itself."""

    source: str
    sample_of: int | None = None  # so many known customers, of whom only some were looked at
    tuning: str = ""
    checks: Sequence[Check] = ()


def model_card(trained: Trained, fold: Fold | None, origin: Origin) -> str:
    """Markdown. `fold` is the rehearsal, judged; None when there was too little history for one."""
    spec, present = trained.models.spec, trained.present
    shown = [
        (f"{measure.section.lower()}: {measure.words}", fold.measures[name],
         getattr(fold.baseline_measures.get(name), "value", None))
        for name, measure in MEASURES.items() if fold and name in fold.measures
    ]  # fmt: skip
    return render(
        "model_card.md", spec=spec, fold=fold, measures=shown, checks=origin.checks, source=origin.source,
        examples=f"{len(trained.learning):,}",
        customers=_customers(len(present.values), origin.sample_of),
        history_days=int(np.nanmax(present.column("days_since_first_order"))), fewest=FEWEST,
        calibration=_calibration(fold) if fold else "", reproduction_rows=ROWS, tuning=origin.tuning.capitalize(),
        overrides=json.dumps(trained.recipe.overrides), caveats=caveats(trained),
    )  # fmt: skip


def write_card(card: str, folder: Path) -> None:
    """Markdown for machines and diffs, a page for people."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKDOWN).write_text(card, encoding="utf-8")
    write_page(folder / PAGE, "card.html", content=MarkdownIt("commonmark").enable("table").render(card))


def _customers(learnt_from: int, sample_of: int | None) -> str:
    return f"{learnt_from:,}" + (f", a sample of the {sample_of:,} known" if sample_of else "")


def _calibration(fold: Fold) -> str:
    gap, error = fold.measures["churn_in_the_large"], fold.measures["churn_ece"]
    is_by_chance = gap.low <= 0.0 <= gap.high
    word = "Calibrated in the large" if is_by_chance or abs(gap.value) <= _CALIBRATED else "Off in the large"
    verdict = "chance explains it" if is_by_chance else "that is beyond chance"
    by_chance = calibration_error_by_chance(fold.outcome.churn)
    return (
        f"{word}: predicted less observed churn is {gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f}), {verdict}; "
        f"the calibration error over 15 equal groups is {error.value:.3f} ({error.low:.3f} to {error.high:.3f}), where "
        f"perfect probabilities of as many customers would show {by_chance:.3f} by chance. "
        "The picture is in the evaluation report beside this card."
    )
