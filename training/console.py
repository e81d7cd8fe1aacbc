"""What training shows in a terminal: the step it is at, and its results as a table or as JSON."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from customer.vocabulary import PredictionBasis
from training.basis import basis_reasons, caveats
from training.judging.backtest import Fold
from training.judging.report import answered_by
from training.monitoring.observe import Observation
from training.monitoring.report import as_facts
from training.registry.model_record import ScoredBy
from training.registry.trainings import Training
from training.retraining import Retraining
from training.train import Progress as Report
from training.train import Trained

_SHOWN = (
    ("churn_auc", "churn AUC"), ("churn_brier", "churn Brier"), ("churn_ece", "churn calibration error"),
    ("next_c_index", "next purchase C-index"), ("next_integrated_brier", "next purchase integrated Brier"),
    ("next_pinball", "next purchase quantile loss, days"),
    ("next_coverage", "next purchase P10-P90 coverage"), ("value_spearman", "value rank correlation"),
    ("value_gini", "value normalised Gini"), ("value_bias", "value total bias"),
    ("value_coverage", "value P10-P90 coverage"),
)  # fmt: skip


@contextmanager
def steps(*, quiet: bool) -> Iterator[Report]:
    """A spinner on stderr naming the step; each call of what it yields begins the next one.

    What is said before a colon is the step, what follows it how far it is: the same step goes on in its own line.
    """
    console = Console(stderr=True, quiet=quiet)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=False) as progress:
        running: list[Any] = []

        names: list[str] = []

        def begin(step: str) -> None:
            name = step.partition(":")[0]
            if ":" in step and names and names[-1] == name:
                done, total = _reached(step)
                progress.update(running[-1], description=step, completed=done, total=total)
                return
            names.append(name)
            _finish(progress, running)
            running.append(progress.add_task(step, total=1))

        yield begin
        _finish(progress, running)


def _finish(progress: Progress, running: list[Any]) -> None:
    if running:
        progress.update(running[-1], completed=1, total=1)


def _reached(step: str) -> tuple[int, int]:
    """How far the bar is, of a step that ends in "1,200 of 5,000 customers"."""
    numbers = re.search(r": ([\d,]+) of ([\d,]+)", step)
    if numbers is None:
        return 0, 1
    done, total = (int(number.replace(",", "")) for number in numbers.groups())
    return done, total


def print_result(result: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    """One JSON object, or one sentence, on stdout."""
    sys.stdout.write((json.dumps(result) if as_json else sentence) + "\n")


def print_training(training: Training, *, as_json: bool) -> None:
    """A training from the database: what was registered, and what the gate said."""
    if as_json:
        found = {
            **_as_facts(training.trained),
            "run_id": training.registered.run_id, "versions": dict(training.registered.versions),
            "is_champion": training.is_promoted, "checks": [asdict(check) for check in training.checks],
            "tuning": training.tuning, "pages": str(training.pages),
        }  # fmt: skip
        print_result(found, "", as_json=True)
        return
    print_trained(training.trained, None, as_json=False)
    console = Console()
    console.print(f"tuning: {training.tuning}", f"model card and report: {training.pages}", sep="\n")
    for check in training.checks:
        console.print(f"{'passed' if check.passed else 'FAILED'}: {check.reason}", soft_wrap=True)
    console.print("now the champion" if training.is_promoted else "registered as challenger: the champion stays")


def _as_facts(trained: Trained) -> dict[str, Any]:
    spec = trained.models.spec
    return {
        "model_set": spec.id, "horizon_days": spec.horizon_days, "basis": spec.basis,
        "reasons": basis_reasons(trained), "caveats": caveats(trained), "metrics": spec.metrics,
    }  # fmt: skip


def print_trained(trained: Trained, out: Path | None, *, as_json: bool) -> None:
    """A training, from a file or as a part of one from the database."""
    if as_json:
        print_result({**_as_facts(trained), "out": str(out) if out else None}, "", as_json=True)
        return
    spec, reasons = trained.models.spec, basis_reasons(trained)
    console, title = Console(), f"Model set {spec.id}: {spec.horizon_days} days ahead, as of {spec.as_of[:10]}"
    table = Table(title=title)
    table.add_column("rehearsed one horizon earlier")
    table.add_column("models", justify="right")
    for name, words in _SHOWN:
        if name in spec.metrics:
            table.add_row(words, f"{spec.metrics[name]:.4f}")
    console.print(title if trained.rehearsal is None else table)
    for caveat in caveats(trained):
        console.print(caveat, soft_wrap=True, highlight=False)
    for kind, basis in spec.basis.items():
        why = f" ({reasons[kind]})" if basis == PredictionBasis.BASELINE and kind in reasons else ""
        console.print(f"{kind.lower().replace('_', ' ')}: {basis.lower()}{why}", soft_wrap=True, highlight=False)
    if out:
        console.print(f"written to {out}")


def print_folds(folds: Sequence[Fold], report: Path, *, as_json: bool) -> None:
    """Each moment's figures with their intervals, beside the baseline's."""
    if as_json:
        print_result({"folds": [fold.facts() for fold in folds], "report": str(report)}, "", as_json=True)
        return
    console = Console()
    for fold in folds:
        table = Table(title=fold.title)
        for column in ("", "models", "95 % interval", "baseline"):
            table.add_column(column, justify="left" if not column else "right")
        for name, words in _SHOWN:
            if (one := fold.measures.get(name)) is not None:
                other = fold.baseline_measures.get(name)
                table.add_row(
                    words, f"{one.value:.4f}", f"{one.low:.4f} to {one.high:.4f}",
                    "" if other is None else f"{other.value:.4f}",
                )  # fmt: skip
        console.print(table)
        console.print(f"answered: {answered_by(fold)}")
    console.print(f"report: {report}")


def print_scored_by(found: Sequence[ScoredBy], customer: str, *, as_json: bool) -> None:
    """One line per stored prediction."""
    if as_json:
        rows = [
            {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(one).items()}
            for one in found
        ]
        print_result({"customer": customer, "predictions": rows}, "", as_json=True)
        return
    if not found:
        Console().print(f"no prediction of customer {customer} was in force on that day")
        return
    console = Console(highlight=False, soft_wrap=True)
    for one in found:
        console.print(
            f"from {one.created_at:%Y-%m-%d %H:%M:%S %Z}, in force until {one.expires_at:%Y-%m-%d %H:%M:%S %Z}"
        )
        churn = "none" if one.churn_probability is None else f"{one.churn_probability:.3f}"
        console.print(f"  churn       {churn}, by model set {one.model_set}")
        if one.trained_as_of:
            console.print(f"  trained     on data {one.data_hash} before {one.trained_as_of:%Y-%m-%d}")
            console.print(f"  code        {one.code_version}, MLflow run {one.run_id}")
        if one.promoted_at:
            how = "forced" if one.is_forced else "passed the gate"
            console.print(f"  in charge   since {one.promoted_at:%Y-%m-%d %H:%M %Z}, by {one.decided_by} ({how})")


def print_observation(seen: Observation, page: Path, *, as_json: bool) -> None:
    """The findings, alerts first."""
    if as_json:
        print_result({**as_facts(seen), "page": str(page)}, "", as_json=True)
        return
    console = Console()
    console.print(
        f"model set {seen.model_set}: {seen.status.lower().replace('_', ' ')}; {seen.judged_customers:,} customers' "
        f"predictions of {seen.moment:%Y-%m-%d} judged",
        highlight=False,
    )
    for finding in sorted(seen.findings, key=lambda finding: not finding.is_alert):
        console.print(f"{'ALERT' if finding.is_alert else '  ok '} {finding.sentence}", highlight=False, soft_wrap=True)
    console.print(f"report: {page}", soft_wrap=True)


def print_retraining(found: Retraining, *, as_json: bool) -> None:
    """Why, and what became of it."""
    training = found.training
    if as_json:
        model_set = training.registered.model_set if training else None
        facts = {"outcome": str(found.outcome), "reason": found.reason, "model_set": model_set}
        print_result(facts, "", as_json=True)
        return
    Console().print(f"{found.outcome.lower().replace('_', ' ')}: {found.reason}", highlight=False)
    if training is not None:
        print_training(training, as_json=False)
