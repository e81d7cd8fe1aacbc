"""Ports nobody listens on, for servers that must be told theirs before they start."""

import secrets
import socket

_ASKED_FOR_ONLY = range(15_000, 32_000)
"""Below those that the system gives away by itself, so no outgoing connection takes one before its server does."""


def free_port() -> int:
    return free_port_base(count=1)


def free_port_base(*, count: int) -> int:
    """The first of `count` consecutive free ports."""
    while True:
        base = secrets.choice(_ASKED_FOR_ONLY)
        if all(_is_free(base + offset) for offset in range(count)):
            return base


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
