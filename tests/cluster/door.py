"""A door in front of an API server: closed, every connection ends and none is taken."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
from typing import Any
from urllib.parse import urlsplit

import yaml


def _config() -> dict[str, Any]:
    command = ["kubectl", "config", "view", "--raw", "--minify", "--flatten", "-o", "json"]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, capture_output=True, check=True).stdout
    )
    return found


def server() -> tuple[str, int]:
    """Return host and port of the API server."""
    parts = urlsplit(_config()["clusters"][0]["cluster"]["server"])
    return parts.hostname or "", parts.port or 443


class Door:
    """Forwards a port of this machine to the API server while it is open."""

    def __init__(self, behind: tuple[str, int]) -> None:
        self._behind = behind
        self._open = True
        self._through: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> Door:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._listener.close()

    def kubeconfig(self) -> str:
        """Return a kubeconfig that leads through the door."""
        config = _config()
        cluster = config["clusters"][0]["cluster"]
        if self._behind[0] != "127.0.0.1":
            cluster["tls-server-name"] = self._behind[0]
        cluster["server"] = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        return yaml.safe_dump(config)

    def open(self) -> None:
        self._open = True

    def close(self) -> None:
        self._open = False
        for one in self._through:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._through.clear()

    def _serve(self) -> None:
        while True:
            try:
                inside, _ = self._listener.accept()
            except OSError:
                return
            if not self._open:
                inside.close()
                continue
            outside = socket.create_connection(self._behind)
            self._through += [inside, outside]
            for source, target in ((inside, outside), (outside, inside)):
                threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
