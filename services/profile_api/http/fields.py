"""Header fields as HTTP/1.1 writes them: lines, joined as they are, taken apart only where ASGI wants pairs."""

from collections.abc import Iterable

Pair = tuple[bytes, bytes]


def written(*pairs: Pair) -> bytes:
    """The lines of some fields. Every value is one of ours, so that none can hold a line break."""
    return b"".join([b"%b: %b\r\n" % pair for pair in pairs])


def pairs_of(fields: bytes) -> Iterable[Pair]:
    """Names and values of lines that `written` made."""
    for line in fields.split(b"\r\n")[:-1]:
        name, _, value = line.partition(b": ")
        yield name, value
