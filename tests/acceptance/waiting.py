"""Waiting for a server that is starting."""

import subprocess
import time

import httpx


def wait_for(url: str, server: subprocess.Popen[bytes], *, seconds: float = 90) -> httpx.Response:
    """The first answer of any status; raises when the server ends, or does not answer in time."""
    give_up_at = time.monotonic() + seconds
    while True:
        assert server.poll() is None, f"the server ended with exit code {server.returncode}"
        try:
            return httpx.get(url, timeout=5, trust_env=False)
        except httpx.TransportError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.2)
