"""What can go wrong while everything is brought up on one machine."""

from pathlib import Path

from customer.errors import ParcoursError


class DemoError(ParcoursError):
    """The root of the demo's errors."""


class ServiceFailedError(DemoError):
    """A service ended, or never answered; its log tells why."""

    def __init__(self, *, service: str, what: str, log: Path) -> None:
        super().__init__(f"{service} {what}; the end of {log} says:\n{last_lines(log)}")


class StepFailedError(DemoError):
    """A set-up command ended with an error."""

    def __init__(self, *, command: str, code: int, log: Path) -> None:
        super().__init__(f"`{command}` ended with exit code {code}; the end of {log} says:\n{last_lines(log)}")


class PortTakenError(DemoError):
    """Something else listens where a service should."""

    def __init__(self, ports: dict[int, str]) -> None:
        taken = ", ".join(f"{port} ({service})" for port, service in ports.items())
        super().__init__(f"these ports are already in use: {taken}; free them or choose others with --port-base N")


class AlreadyRunningError(DemoError):
    """Two demos cannot share one state folder."""

    def __init__(self, *, pid: int | None, home: Path) -> None:
        who = f" (process {pid})" if pid else ""
        super().__init__(
            f"a demo is already running on {home}{who}; "
            "stop it with `parcours down`, or set PARCOURS_HOME to another folder"
        )


class OtherDataLoadedError(DemoError):
    """The state folder holds another data set, or the same one under other options."""

    def __init__(self, *, found: str, wanted: str, home: Path) -> None:
        super().__init__(
            f"{home} holds {found}, but {wanted} was asked for; "
            "add --fresh to replace it, or set PARCOURS_HOME to another folder"
        )


class FreshElsewhereError(DemoError):
    """`--fresh` would have to empty a database that is not the demo's own."""

    def __init__(self) -> None:
        super().__init__(
            "--fresh drops the embedded database only, but DATABASE_URL names a server; "
            "empty that database yourself, or unset DATABASE_URL"
        )


def last_lines(log: Path, *, count: int = 15) -> str:
    """The end of a log, for an error message; says so when there is nothing."""
    if not log.exists():
        return "(no log was written)"
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(lines) if lines else "(the log is empty)"
