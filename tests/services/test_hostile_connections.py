"""Connections that are silent, endless or greedy, against the real servers over sockets."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from mdlc.serving import sample_bundles
from tests import tiny
from tests.ports import free_port

HEAD_LIMIT = 16
"""Seconds: the server's 10 for a head, its look every 2, and a slow machine."""
ROW = {"x0": 1.0, "carrier": "AA"}


@dataclass
class Running:
    """A server process at a port of its own."""

    process: subprocess.Popen[bytes]
    port: int
    health: str
    post: str

    def connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        made.settimeout(30)
        return made

    def get(self, path: str = "") -> int:
        url = f"http://127.0.0.1:{self.port}{path or self.health}"
        return httpx.get(url, timeout=10, trust_env=False).status_code

    def memory(self) -> int:
        """Return the megabytes that the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) // 1024


def predictor_command(folder: Path, port: int) -> list[str]:
    manifest = sample_bundles.bundle(folder / "bundle", classes=["no", "yes"])
    pointer = folder / "serving.json"
    sample_bundles.point(pointer, folder=folder / "bundle", manifest=manifest, version="1")
    command = [sys.executable, "-m", "mdlc.serving.model_server", "--pointer", str(pointer)]
    return [*command, "--store", f"sqlite:///{folder}/payload.db", "--port", str(port)]


def trigger_command(folder: Path, port: int) -> list[str]:
    return tiny.command("trigger", tiny.write_file(folder), "--port", str(port))


SERVERS: dict[str, tuple[Callable[[Path, int], list[str]], str, str]] = {
    "predictor": (predictor_command, "/v2/health/live", "/v1/models/flights:predict"),
    "trigger": (trigger_command, "/healthz", "/v1/retrain"),
}


@pytest.fixture(scope="module", params=SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    command, health, post = SERVERS[request.param]
    folder, port = tmp_path_factory.mktemp(request.param), free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command(folder, port), stderr=log, env=dict(os.environ))
    running = Running(process, port, health, post)
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                if running.get() == 200:
                    break
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield running
    finally:
        process.kill()
        process.wait()


def ended(connection: socket.socket, *, seconds: float) -> bool:
    """Say whether the server ends a connection within so many seconds."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            if not connection.recv(65536):
                return True
        except ConnectionError:
            return True
        except TimeoutError:
            return False
    return False


def drip(connection: socket.socket, part: bytes, *, seconds: float) -> float:
    """Send `part` twice a second until the server hangs up; return how long that took."""
    began = time.monotonic()
    connection.setblocking(False)
    while (taken := time.monotonic() - began) < seconds:
        try:
            connection.send(part)
            with contextlib.suppress(BlockingIOError):
                if not connection.recv(65536):
                    return taken
        except BlockingIOError:
            pass
        except ConnectionError:
            return taken
        time.sleep(0.5)
    return taken


def test_silent_connections_leave_the_server_to_others(server: Running) -> None:
    """The trigger took 200 at most, and then answered 503 to all, its health too."""
    silent = [server.connect() for _ in range(300)]
    try:
        assert server.get() == 200
        assert httpx.post(
            f"http://127.0.0.1:{server.port}{server.post}", json={}, trust_env=False
        ).status_code in {400, 404}
        assert ended(silent[0], seconds=HEAD_LIMIT)
        # Each is looked at every two seconds, from its own beginning on.
        assert all(ended(one, seconds=HEAD_LIMIT) for one in silent)
    finally:
        for one in silent:
            one.close()


def test_more_connections_than_the_server_takes_push_out_the_oldest_silent_ones(
    server: Running,
) -> None:
    silent = [server.connect() for _ in range(600)]
    try:
        assert server.get() == 200
        assert ended(silent[0], seconds=2)
    finally:
        for one in silent:
            one.close()


@pytest.mark.parametrize(
    ("first", "part"),
    [
        (b"", b""),
        (b"GET / HT", b""),
        (b"POST / HTTP/1.1\r\nhost: localhost\r\n", b"x-a: b\r\n"),
        (b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", b"\r\n"),
        (b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", b"G"),
        (b"GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n", b"x"),
    ],
    ids=["nothing", "half a line", "endless headers", "line ends", "a second", "unread body"],
)
def test_a_head_that_never_ends_ends_the_connection(
    server: Running, first: bytes, part: bytes
) -> None:
    with server.connect() as connection:
        connection.sendall(first)
        assert drip(connection, part, seconds=30) < HEAD_LIMIT + 2
    assert server.get() == 200


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nx-a: ",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-a: ",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        b"transfer-encoding: chunked\r\n\r\n2;a=",
    ],
    ids=["url", "header", "trailer", "chunk extension"],
)
def test_a_head_is_bounded_in_bytes(server: Running, start: bytes) -> None:
    before = server.memory()
    with server.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(start)
        for _ in range(500):
            connection.sendall(b"a" * 65536)
        pytest.fail("32 MB of a head were read")
    assert server.memory() - before < 20
    assert server.get() == 200


@pytest.mark.parametrize("kind", ["get", "post", "health"])
def test_requests_that_wait_in_one_connection_are_bounded(server: Running, kind: str) -> None:
    body = json.dumps({"instances": [ROW] * 50}).encode()
    head = b"POST %s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    head += b"content-length: %d\r\n\r\n"
    one = {
        "get": b"GET /v1/verdicts HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "health": f"GET {server.health} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode(),
        "post": head % (server.post.encode(), len(body)) + body,
    }[kind]
    many = one * (100_000 // len(one) + 1)
    before, end = server.memory(), time.monotonic() + 6
    with server.connect() as connection:
        connection.settimeout(0.5)
        while time.monotonic() < end:
            try:
                connection.sendall(many)
            except TimeoutError:  # it reads no further: what is asked of it
                assert server.get() == 200
            except ConnectionError:
                break
    assert server.memory() - before < 60
    assert server.get() == 200


def test_a_few_requests_sent_at_once_are_answered_in_turn(server: Running) -> None:
    get = f"GET {server.health} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
    with server.connect() as connection:
        connection.sendall(get * 50)
        found, end = b"", time.monotonic() + 10
        while found.count(b"200 OK") < 50:
            assert time.monotonic() < end
            found += connection.recv(65536)


def test_a_body_that_never_ends_is_told_so(server: Running) -> None:
    head = (
        f"POST {server.post} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        "content-length: 100\r\n\r\n"
    )
    with server.connect() as connection:
        connection.settimeout(45)
        connection.sendall(head.encode())
        assert b" 408 " in connection.recv(65536).splitlines()[0]


def test_bodies_in_memory_are_bounded_together(server: Running) -> None:
    """Many large bodies at once: some are told to come again, none is kept beyond the bound."""
    size = 900_000 if "retrain" in server.post else 15_000_000
    head = (
        f"POST {server.post} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {size}\r\n\r\n"
    ).encode()
    before, held = server.memory(), []
    try:
        for _ in range(30 if size > 1_000_000 else 100):
            connection = server.connect()
            held.append(connection)
            with contextlib.suppress(ConnectionError):
                connection.sendall(head + b" " * (size - 1))
        assert server.memory() - before < 250
        assert server.get() == 200
    finally:
        for connection in held:
            connection.close()
