"""The registered model sets as `parcours compare` shows them: all three predictions of each, on a narrow terminal."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from customer.vocabulary import PredictionKind
from training.console import print_result
from training.evaluation.intervals import Measured
from training.registry.registered_sets import SetDescription

_RANKED_BY: Mapping[PredictionKind, tuple[str, str]] = {
    PredictionKind.CHURN: ("AUC", "churn_auc"),
    PredictionKind.NEXT_PURCHASE: ("C-index", "next_c_index"),
    PredictionKind.VALUE: ("Spearman", "value_spearman"),
}
_CAPTION = (
    "Measures of the rehearsals. Differences: mean log loss (churn), quantile loss (next purchase), Tweedie deviance "
    "(value) less the other's on the same customers, in parts of it, with the 95 % interval; below zero is better."
)


def print_sets(sets: Sequence[SetDescription], *, as_json: bool) -> None:
    """Three lines per registered set, one for each prediction; or JSON, with every measure."""
    if as_json:
        print_result({"model_sets": [_facts(one) for one in sets]}, "", as_json=True)
        return
    if not sets:
        Console().print("no model set is registered yet; train one with `parcours train`")
        return
    table = Table(
        title="Model sets, the newest first", caption=_CAPTION, caption_justify="left", box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )  # fmt: skip
    for column in ("set", "prediction", "measure"):
        table.add_column(column, no_wrap=True)
    for column in ("beside the baseline", "beside champion of then"):
        table.add_column(column)  # on 80 columns an interval takes two lines; it is not cut short
    for one in sets:
        _add(table, one)
    Console().print(table)


def _add(table: Table, one: SetDescription) -> None:
    ahead = f"{one.as_of[:10]}, {one.horizon_days} d"
    names = [one.registered.model_set, *one.aliases, ahead, *[""] * len(_RANKED_BY)]
    for name, (kind, (measure, metric)) in zip(names, _RANKED_BY.items(), strict=False):
        known = f"{measure} {one.metrics[metric]:.3f}" if metric in one.metrics else ""
        other = [_words(one.difference(kind, beside)) for beside in ("baseline", "champion")]
        table.add_row(name, kind.lower().replace("_", " "), known, *other)
    rest, compared = names[len(_RANKED_BY)], f"(of {one.compared_with})" if one.compared_with else ""
    if rest or compared:
        table.add_row(rest, "", "", "", compared)
    table.add_section()


def _words(difference: Measured | None) -> str:
    if difference is None:
        return ""
    value, low, high = (f"{100.0 * part:+.1f}" for part in (difference.value, difference.low, difference.high))
    return f"{value} % ({low} to {high})"


def _facts(one: SetDescription) -> dict[str, object]:
    return {
        "model_set": one.registered.model_set, "aliases": one.aliases, "as_of": one.as_of,
        "horizon_days": one.horizon_days, "versions": dict(one.registered.versions), "metrics": dict(one.metrics),
        "compared_with": one.compared_with,
    }  # fmt: skip
