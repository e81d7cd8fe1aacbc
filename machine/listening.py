"""Whether a service can have the address it is to listen on, found out before it starts what listens there."""

import socket

from customer.errors import ParcoursError


class CannotListenError(ParcoursError):
    """The address is another program's, or none of this machine's."""

    def __init__(self, *, host: str, port: int, problem: str) -> None:
        super().__init__(
            f"cannot listen on {host}, port {port}: {problem}; "
            "stop the program that does, or name another address with --host and --port"
        )


def check_address(host: str, port: int) -> None:
    """Tells in one sentence what each worker process would end with by itself. Errors: CannotListenError."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does, after one that just ended
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotListenError(host=host, port=port, problem=error.strerror or str(error)) from error
