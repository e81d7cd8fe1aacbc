"""The words of the graphql-transport-ws protocol: what clients may say, how we answer, why we hang up."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, Final

import msgspec

from profile_api.http.parameters import Parameters

SUBPROTOCOL: Final = "graphql-transport-ws"


class Close(IntEnum):
    """Close codes of the protocol, and of WebSockets themselves."""

    GOING_AWAY = 1001
    TRY_AGAIN_LATER = 1013
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY_INITS = 4429


class ConnectionInit(msgspec.Struct, frozen=True, tag="connection_init"):
    payload: dict[str, Any] | None = None


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    payload: dict[str, Any] | None = None


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    payload: dict[str, Any] | None = None


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe"):
    id: str
    payload: Parameters


class Complete(msgspec.Struct, frozen=True, tag="complete"):
    id: str


ClientMessage = ConnectionInit | Ping | Pong | Subscribe | Complete

_CLIENT: Final = msgspec.json.Decoder(ClientMessage)
_LONGEST_ID: Final = 128


class BadMessageError(Exception):
    """A message that is not one of the protocol's."""


def read_message(text: str) -> ClientMessage:
    """The message a client sent; raises `BadMessageError`."""
    try:
        message: ClientMessage = _CLIENT.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadMessageError("Invalid message received") from error
    if isinstance(message, Subscribe) and not 0 < len(message.id) <= _LONGEST_ID:
        raise BadMessageError("Subscriber id must be a short string")
    return message


def ack() -> str:
    return '{"type":"connection_ack"}'


def pong(payload: dict[str, Any] | None) -> str:
    return msgspec.json.encode({"type": "pong"} | ({"payload": payload} if payload else {})).decode()


def next_answer(operation_id: str, body: bytes) -> str:
    """`body` is the finished JSON of the answer: it is placed, not parsed again."""
    return (b'{"type":"next","id":%b,"payload":%b}' % (msgspec.json.encode(operation_id), body)).decode()


def errors(operation_id: str, found: Sequence[Mapping[str, Any]]) -> str:
    return msgspec.json.encode({"type": "error", "id": operation_id, "payload": found}).decode()


def complete(operation_id: str) -> str:
    return msgspec.json.encode({"type": "complete", "id": operation_id}).decode()
