"""Why models answer for a kind of prediction, or the baseline does, and what they cannot know: in words for people."""

import numpy as np

from customer.vocabulary import PredictionBasis
from training.data.schedule import YEAR_DAYS
from training.evaluation.gate import MODEL_OF_KIND, judge
from training.models.model_fit import too_little
from training.newcomers import newcomers
from training.train import Rehearsal, Trained

_FAR_OFF_CHURN, _FAR_OFF_TOTAL = 0.1, 0.3
"""Rehearsals further off: a sixth of 55, whose total of value then was off by 25 % in the median, others' by 9 %."""


def basis_reasons(trained: Trained) -> dict[str, str]:
    """By kind: churn, next purchase and value."""
    spec, rehearsal = trained.models.spec, trained.rehearsal
    verdicts = judge(rehearsal.models, rehearsal.baseline) if rehearsal else {}
    known = "" if rehearsal is None or rehearsal.is_comparable else " (season unknown then, known now: not counted)"
    found = {}
    for kind in MODEL_OF_KIND:
        if kind in spec.unavailable:
            found[str(kind)] = spec.unavailable[kind][1]
        elif (why := too_little(trained.learning, spec.horizon_days)) is not None:
            found[str(kind)] = why
        elif spec.basis[kind] == PredictionBasis.BASELINE and kind in verdicts and not verdicts[kind].is_worse:
            found[str(kind)] = "it was grown on the same weeks as the distribution of the next purchase, which lost"
        elif kind in verdicts:
            found[str(kind)] = f"{verdicts[kind].sentence('MBG/NBD and Gamma-Gamma')}{known}"
        else:
            found[str(kind)] = "too little history to rehearse"
    return found


def caveats(trained: Trained) -> list[str]:
    """What whoever reads the predictions must know beforehand, on the card, in the terminal and in JSON."""
    spec, found = trained.models.spec, []
    if trained.rehearsal is None:
        found.append(f"not rehearsed: {_why_not_rehearsed(trained)}, so nobody knows how good these models are")
    if not spec.grid.knows_season:
        ahead = "day is" if spec.horizon_days == 1 else f"{spec.horizon_days} days are"
        found.append(
            "the season is not known: the history shows these weeks of no earlier year, so the "
            f"next {ahead} taken to be like those before {spec.as_of[:10]}"
        )
    came = newcomers(trained.present.values, trained.learning, spec.horizon_days)
    if came is not None and came.are_many:
        found.append(
            f"today's customers are not like those learnt from: {came.now:.0%} came within the last {came.days} days, "
            f"{came.then:.0%} of those of {came.days_earlier} days earlier; what the newest weeks show of newcomers is "
            "carried on, but nobody has seen yet whether so many stay as fewer did"
        )
    if trained.rehearsal is not None and trained.rehearsal.is_comparable:
        found += _far_off(trained.rehearsal)
    return found


def _far_off(rehearsal: Rehearsal) -> list[str]:
    models, words = rehearsal.models, []
    churn = float(models.churn.mean() - models.churned.mean())
    if abs(churn) > _FAR_OFF_CHURN:
        words.append(f"churn by {churn:+.2f}")
    if models.value is not None and models.amount is not None and (spent := float(models.amount.sum())) > 0:
        total = float(models.value.sum()) / spent - 1.0
        if abs(total) > _FAR_OFF_TOTAL:
            words.append(f"the total of value by {total:+.0%}")
    if not words:
        return []
    return [
        f"{rehearsal.days_earlier} days earlier these models would have been far off, {' and '.join(words)}: where one "
        "stretch was so unlike the last, the next may be, too"
    ]


def _why_not_rehearsed(trained: Trained) -> str:
    """A long history may hold too little, too: a shop of one order a customer, or one that had hardly begun."""
    horizon, ages = trained.models.spec.horizon_days, trained.learning.age_days
    history = float(np.nanmax(trained.present.column("days_since_first_order")))
    if (ages >= horizon).any():
        earlier = int(ages[ages >= horizon].min())
        why = too_little(trained.learning.as_known(earlier), horizon)
        if why is not None and history - earlier >= YEAR_DAYS / 4:
            return f"{why} ({earlier} days earlier)"
    return "the history is too short to hold a moment back"
