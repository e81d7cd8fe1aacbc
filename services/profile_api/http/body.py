"""Request bodies: read as they arrive, decompressed as they are read, and never beyond a limit of bytes or seconds."""

import asyncio
import zlib
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.types import Receive

from profile_api.http.refusal import MalformedRequestError, TooLargeError, TooSlowError, UnsupportedMediaTypeError

_GZIP: Final = zlib.MAX_WBITS | 16


class ClientGoneError(Exception):
    """The client closed the connection before its body had arrived; there is nobody to answer."""


async def read_body(receive: Receive, *, encoding: str, declared: str, limit: int, within_s: float) -> bytes:
    """The body, decompressed; `declared` is the Content-Length header or ''.

    A compressed body is decompressed chunk by chunk, so that a bomb costs no more memory than the limit.
    """
    if declared.isdecimal() and int(declared) > limit:
        raise TooLargeError(limit)
    if encoding not in ("", "identity", "gzip", "deflate"):
        raise UnsupportedMediaTypeError(f"content-encoding {encoding!r} is not supported; use gzip, deflate or none")
    message = await _first_message(receive, within_s)
    if not message.get("more_body", False) and encoding in ("", "identity"):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise TooLargeError(limit)
        return body
    try:
        async with asyncio.timeout(within_s):
            return await _collect(message, receive, encoding=encoding, limit=limit)
    except TimeoutError:
        raise TooSlowError(within_s) from None
    except zlib.error as error:
        raise MalformedRequestError(f"the body is not valid {encoding}") from error


async def _first_message(receive: Receive, within_s: float) -> MutableMapping[str, Any]:
    try:
        async with asyncio.timeout(within_s):  # wait_for would make a task of every request
            message = await receive()
    except TimeoutError:
        raise TooSlowError(within_s) from None
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    return message


async def _collect(message: MutableMapping[str, Any], receive: Receive, *, encoding: str, limit: int) -> bytes:
    inflate = None
    if encoding == "gzip":
        inflate = zlib.decompressobj(_GZIP)
    elif encoding == "deflate":
        inflate = zlib.decompressobj()
    collected = bytearray()
    while True:
        chunk: bytes = message.get("body", b"")
        collected += chunk if inflate is None else inflate.decompress(chunk, limit + 1 - len(collected))
        if len(collected) > limit or (inflate is not None and inflate.unconsumed_tail):
            raise TooLargeError(limit)
        if not message.get("more_body", False):
            break
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
    if inflate is not None and not inflate.eof:
        raise MalformedRequestError(f"the body is cut off: not complete {encoding}")
    return bytes(collected)
