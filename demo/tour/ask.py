"""Puts the tour's questions to the running API; nothing here knows the answers beforehand."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from demo.errors import DemoError

_FOLDER = Path(__file__).parent
_PREFERRED = ("EMAIL", "LOYALTY_CARD", "USER_ID")
_SOMEBODY: tuple[dict[str, Any], ...] = (
    {"stages": ["LOYAL", "AMBASSADOR"], "orderCount": {"min": 10}},
    {"orderCount": {"min": 3}},
    {},
)
_SOMEBODY_ONLINE: tuple[dict[str, Any], ...] = ({"preferredChannels": ["WEB", "APP"]}, *_SOMEBODY)
"""Whom to ask about, the most telling first: a good customer in touch, and one who uses several channels."""


class TourError(DemoError):
    """The API answered a question of the tour with an error."""

    def __init__(self, *, question: str, problem: str) -> None:
        super().__init__(f"the API could not answer the tour's question {question!r}: {problem}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A question and what the system said."""

    question: str
    query_file: Path
    variables: dict[str, Any]
    data: dict[str, Any]
    milliseconds: float


def take_tour(url: str, *, token: str) -> list[Answered]:
    """Asks three questions as a call-centre agent would. Errors: TourError."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(headers=headers, timeout=20, trust_env=False) as client:
        somebody = _identity_of_one(client, url, _SOMEBODY)
        online = _identity_of_one(client, url, _SOMEBODY_ONLINE)
        return [
            _ask(client, url, "Who is this, how do they stand, what will they do?", "card", somebody),
            _ask(client, url, "Which good customers are slipping away?", "at_risk", {}),
            _ask(client, url, "What led to their latest orders?", "journey", online),
        ]


def _ask(client: httpx.Client, url: str, question: str, name: str, variables: Mapping[str, Any]) -> Answered:
    file = _FOLDER / f"{name}.graphql"
    request = {"query": file.read_text(), "variables": variables}
    _post(client, url, question, request)  # the first time includes planning
    started = time.perf_counter()
    data = _post(client, url, question, request)
    spent = time.perf_counter() - started
    return Answered(
        question=question, query_file=file, variables=dict(variables), data=data, milliseconds=round(spent * 1000, 1)
    )


def _post(client: httpx.Client, url: str, question: str, request: Mapping[str, Any]) -> dict[str, Any]:
    try:
        response = client.post(url, json=request)
    except httpx.HTTPError as error:
        raise TourError(question=question, problem=type(error).__name__) from error
    body = response.json()
    if "errors" in body or not body.get("data"):
        raise TourError(question=question, problem=str(body.get("errors", body))[:500])
    data: dict[str, Any] = body["data"]
    return data


def _identity_of_one(client: httpx.Client, url: str, wishes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """An identity of the best customer who fulfils the first wish that anybody fulfils."""
    query = (_FOLDER / "example.graphql").read_text()
    for wish in wishes:
        data = _post(client, url, "example", {"query": query, "variables": {"filter": wish}})
        for edge in data["customers"]["edges"]:
            identities = {one["type"]: one["value"] for one in edge["node"]["identities"]}
            for kind in _PREFERRED:
                if kind in identities:
                    return {"type": kind, "value": identities[kind]}
    raise TourError(question="example", problem="there are no customers")
