"""A stretch of network between two real services that can be made slow, lossy or cut while they talk."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class FaultyNetwork:
    """How bytes travel from now on; changed by tests while connections are open."""

    target: int
    port: int = 0
    delay_s: float = 0.0
    corrupts: bool = False
    is_cut: bool = False  # nothing arrives any more, in either direction, and nothing is refused: a partition

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection to the target."""
        try:
            onwards_reader, onwards_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._move(reader, onwards_writer, is_answer=False))
                both.create_task(self._move(onwards_reader, writer, is_answer=True))
        except* OSError:
            pass  # one end is gone; so is the connection
        finally:
            writer.close()
            onwards_writer.close()

    async def _move(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        while data := await reader.read(65_536):
            await asyncio.sleep(self.delay_s)
            if self.is_cut:
                continue
            if self.corrupts and is_answer:
                # The head may have come before, by itself.
                head, separator, body = data.rpartition(b"\r\n\r\n")
                data = head + separator + body[: len(body) // 2] + b"\x00" * (len(body) - len(body) // 2)
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


@contextmanager
def faulty_network(target: int) -> Iterator[FaultyNetwork]:
    """A network to the port `target` of this machine, in a thread of its own; its own port is `.port`."""
    network, started = FaultyNetwork(target), threading.Event()
    ending: list[Callable[[], object]] = []

    async def serve() -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        ending.append(lambda: loop.call_soon_threadsafe(ended.set))
        server = await asyncio.start_server(network.carry, "127.0.0.1", 0)
        network.port = server.sockets[0].getsockname()[1]
        started.set()
        await ended.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    started.wait(timeout=10)
    try:
        yield network
    finally:
        ending[0]()
        thread.join(timeout=10)
