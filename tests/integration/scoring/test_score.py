"""`POST /v1/score`: the right answer for the right row, and a clear 4xx for everything that is not a score request."""

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from customer.contracts.score import ScoreResponse
from customer.features.definitions import FEATURE_NAMES
from scoring.engine import load_model_set
from tests.integration.scoring.conftest import ask
from tests.small_models import SmallModels

_WORDS = next(name for name in FEATURE_NAMES if name == "last_order_channel")
_NUMBER = "order_count"


def _answer(response: httpx.Response) -> ScoreResponse:
    assert response.status_code == httpx.codes.OK, response.text
    return msgspec.json.decode(response.content, type=ScoreResponse)


def test_the_answers_are_those_of_the_models_in_the_order_of_the_rows(
    service: httpx.Client, question: dict[str, Any], small_models: SmallModels
) -> None:
    models = load_model_set(small_models.folder).sped_up(small_models.matrix[:20])
    expected = models.predict(
        small_models.matrix[:3], as_of=datetime(2025, 10, 1, tzinfo=UTC), drivers=3, ids=["a", "b", "c"]
    )
    answer = _answer(ask(service, question))
    assert answer.predictions == expected
    assert answer.model_set == models.spec.id


def test_the_order_of_the_columns_does_not_matter(service: httpx.Client, question: dict[str, Any]) -> None:
    shuffled = list(reversed(range(len(FEATURE_NAMES))))
    turned = {
        **question,
        "columns": [question["columns"][position] for position in shuffled],
        "rows": [[row[position] for position in shuffled] for row in question["rows"]],
    }
    assert ask(service, turned).json() == ask(service, question).json()


def test_a_row_is_answered_alike_alone_and_among_others(service: httpx.Client, question: dict[str, Any]) -> None:
    together = _answer(ask(service, question)).predictions
    for number, row in enumerate(question["rows"]):
        alone = _answer(ask(service, {**question, "rows": [row], "ids": [question["ids"][number]]})).predictions[0]
        assert alone.churn is not None
        among = together[number].churn
        assert among is not None
        assert alone.churn.probability == pytest.approx(among.probability, abs=1e-12)


def test_drivers_are_left_out_unless_asked_for(service: httpx.Client, question: dict[str, Any]) -> None:
    (first, *_) = _answer(ask(service, {**question, "drivers": 0})).predictions
    assert first.churn is not None
    assert first.churn.drivers == []
    (first, *_) = _answer(ask(service, question)).predictions
    assert first.churn is not None
    assert len(first.churn.drivers) == 3


def test_a_word_unknown_in_training_counts_as_missing(service: httpx.Client, question: dict[str, Any]) -> None:
    position = FEATURE_NAMES.index(_WORDS)
    missing, unknown = [list(row) for row in question["rows"]], [list(row) for row in question["rows"]]
    for row in missing:
        row[position] = None
    for row in unknown:
        row[position] = "CARRIER_PIGEON"
    assert ask(service, {**question, "rows": unknown}).json() == ask(service, {**question, "rows": missing}).json()


def test_a_customer_about_whom_nothing_is_known_gets_a_reason_not_a_guess(
    service: httpx.Client, question: dict[str, Any]
) -> None:
    nothing = [None] * len(FEATURE_NAMES)
    (answer,) = _answer(ask(service, {**question, "rows": [nothing], "ids": ["new"]})).predictions
    assert {gap.kind for gap in answer.unavailable} == {"CHURN", "NEXT_PURCHASE", "VALUE"}
    assert answer.churn is None


def test_no_rows_is_an_empty_answer(service: httpx.Client, question: dict[str, Any]) -> None:
    assert _answer(ask(service, {**question, "rows": [], "ids": []})).predictions == []


def _spoilt(question: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**question, **changes}


def _with_value(question: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    rows = [list(row) for row in question["rows"]]
    rows[1][FEATURE_NAMES.index(name)] = value
    return {**question, "rows": rows}


def test_a_foreign_feature_set_is_refused(service: httpx.Client, question: dict[str, Any]) -> None:
    response = ask(service, _spoilt(question, feature_set="f00"))
    assert response.status_code == httpx.codes.CONFLICT
    assert response.json()["code"] == "FOREIGN_FEATURE_SET"
    assert "f00" in response.json()["error"]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"columns": ["order_count"]}, "WRONG_COLUMNS", "missing"),
        ({"columns": [*FEATURE_NAMES, "shoe_size"]}, "WRONG_COLUMNS", "unknown shoe_size"),
        ({"columns": [*FEATURE_NAMES, FEATURE_NAMES[0]]}, "WRONG_COLUMNS", "repeated"),
        ({"rows": [[1, 2, 3]]}, "WRONG_ROWS", "row 0 has 3 values"),
        ({"ids": ["only one"]}, "WRONG_ROWS", "1 ids for 3 rows"),
        ({"rows": "none"}, "UNREADABLE_BODY", "$.rows"),
        ({"rows": [[{}] * len(FEATURE_NAMES)]}, "UNREADABLE_BODY", "$.rows[0][0]"),
        ({"as_of": "yesterday"}, "UNREADABLE_BODY", "$.as_of"),
        ({"as_of": "2025-10-01T00:00:00"}, "UNREADABLE_BODY", "$.as_of"),
        ({"drivers": -1}, "UNREADABLE_BODY", "$.drivers"),
        ({"horizon_days": 0}, "UNREADABLE_BODY", "$.horizon_days"),
        ({"surprise": 1}, "UNREADABLE_BODY", "surprise"),
    ],
)
def test_a_wrong_request_is_a_400_that_names_the_place(
    service: httpx.Client, question: dict[str, Any], change: dict[str, Any], code: str, words: str
) -> None:
    changed = _spoilt(question, **change)
    if change.get("rows") and "ids" not in change:
        changed["ids"] = None
    response = ask(service, changed)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert words in response.json()["error"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (_NUMBER, "twelve", "row 1 has a word for order_count"),
        (_NUMBER, "12", "row 1 has a word for order_count"),
        (_WORDS, 3, f"row 1 has a int for {_WORDS}"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(
    service: httpx.Client, question: dict[str, Any], name: str, value: Any, words: str
) -> None:
    response = ask(service, _with_value(question, name, value))
    assert response.status_code == httpx.codes.BAD_REQUEST
    assert words in response.json()["error"]


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"7", b"[]", b"{", b"\xff\xfe{}", b'{"as_of": NaN}', b"[" * 100_000],
    ids=["empty", "null", "number", "list", "cut", "not utf-8", "NaN", "deep"],
)
def test_a_body_that_is_no_request_is_a_400(service: httpx.Client, body: bytes) -> None:
    response = service.post("/v1/score", content=body)
    assert response.status_code == httpx.codes.BAD_REQUEST
    assert response.json()["code"] == "UNREADABLE_BODY"


def test_an_infinite_number_is_refused(service: httpx.Client, question: dict[str, Any]) -> None:
    body = msgspec.json.encode(_with_value(question, _NUMBER, 123456789)).replace(b"123456789", b"1e999")
    assert service.post("/v1/score", content=body).status_code == httpx.codes.BAD_REQUEST


def test_more_rows_than_allowed_are_refused(service: httpx.Client, question: dict[str, Any]) -> None:
    response = ask(service, _spoilt(question, rows=[[]] * 121, ids=None))
    assert (response.status_code, response.json()["code"]) == (413, "TOO_MANY_ROWS")


def test_a_body_beyond_the_limit_is_refused(service: httpx.Client) -> None:
    assert service.post("/v1/score", content=b" " * 400_001).status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE


def test_other_methods_and_paths_are_refused_in_the_same_shape(service: httpx.Client) -> None:
    assert service.get("/v1/score").status_code == httpx.codes.METHOD_NOT_ALLOWED
    assert "error" in service.get("/nowhere").json()


def test_the_figures_count_answers_refusals_and_rows(service: httpx.Client, question: dict[str, Any]) -> None:
    ask(service, question)
    ask(service, {})
    figures = service.get("/metrics").text
    assert 'parcours_scoring_requests_total{endpoint="score",status="200"}' in figures
    assert 'parcours_scoring_requests_total{endpoint="score",status="400"}' in figures
    assert "parcours_scoring_rows_total" in figures
    assert "\nparcours_scoring_missing_values_total " in figures
