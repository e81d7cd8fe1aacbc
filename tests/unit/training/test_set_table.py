"""What `parcours compare` prints: every prediction of every set, on a terminal of 100 columns."""

import json
from dataclasses import replace

import pytest

from customer.vocabulary import PredictionKind
from training.registry.model_registry import RegisteredSet
from training.registry.registered_sets import SetDescription
from training.registry.tracking import difference_name
from training.set_table import print_sets

KINDS = (PredictionKind.CHURN, PredictionKind.NEXT_PURCHASE, PredictionKind.VALUE)
PLAIN = SetDescription(
    registered=RegisteredSet(model_set="aaaaaaaaaaaa", run_id="run", versions={"churn": "1"}), aliases=[],
    as_of="2026-11-01T00:00:00+00:00", horizon_days="14",
    metrics={"churn_auc": 0.86, "next_c_index": 0.737, "value_spearman": 0.701}, compared_with=None,
)  # fmt: skip


def judged(one: SetDescription, other: str, *parts: float) -> SetDescription:
    found = {
        f"{difference_name(kind, other)}{end}": part
        for kind in KINDS
        for end, part in zip(("", "_low", "_high"), parts, strict=True)
    }
    return replace(one, metrics={**one.metrics, **found})


WHOLE = replace(
    judged(judged(PLAIN, "baseline", -0.0812, -0.1449, -0.0233), "champion", -0.1234, -0.4567, 0.3456),
    aliases=["champion", "challenger"], compared_with="bbbbbbbbbbbb",
)  # fmt: skip


def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *sets: SetDescription) -> list[str]:
    monkeypatch.setenv("COLUMNS", "100")
    print_sets(sets, as_json=False)
    return capsys.readouterr().out.splitlines()


def test_all_three_predictions_are_shown_with_their_paired_intervals(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line.split() for line in shown(capsys, monkeypatch, WHOLE)]
    baseline, champion = "-8.1 % (-14.5 to -2.3)".split(), "-12.3 % (-45.7 to +34.6)".split()
    assert ["aaaaaaaaaaaa", "churn", "AUC", "0.860", *baseline, *champion] in lines
    assert ["champion", "next", "purchase", "C-index", "0.737", *baseline, *champion] in lines
    assert ["challenger", "value", "Spearman", "0.701", *baseline, *champion] in lines
    assert ["2026-11-01,", "14", "d", "(of", "bbbbbbbbbbbb)"] in lines


def test_no_figure_is_cut_short_on_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_sets([WHOLE], as_json=False)
    page = capsys.readouterr().out
    assert "…" not in page
    for figure in ("0.860", "0.737", "0.701", "-8.1", "-14.5", "-2.3)", "-12.3", "-45.7", "+34.6)", "bbbbbbbbbbbb)"):
        assert figure in page


def test_what_is_not_known_of_a_set_is_left_blank(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line.split() for line in shown(capsys, monkeypatch, replace(PLAIN, metrics={}))]
    assert ["aaaaaaaaaaaa", "churn"] in lines
    assert ["2026-11-01,", "14", "d", "next", "purchase"] in lines
    assert ["value"] in lines


def test_the_table_fits_a_hundred_columns_and_no_figure_is_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(capsys, monkeypatch, WHOLE, PLAIN)
    assert max(map(len, lines)) <= 100
    assert not any("…" in line for line in lines)


def test_json_holds_every_measure(capsys: pytest.CaptureFixture[str]) -> None:
    print_sets([WHOLE], as_json=True)
    [found] = json.loads(capsys.readouterr().out)["model_sets"]
    assert found["metrics"] == WHOLE.metrics
    assert (found["model_set"], found["compared_with"]) == ("aaaaaaaaaaaa", "bbbbbbbbbbbb")
