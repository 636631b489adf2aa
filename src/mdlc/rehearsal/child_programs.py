"""Programs that a rehearsal runs beside itself: started, waited for, killed, started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from mdlc.core.errors import ServiceError

READY_SECONDS = 60
END_SECONDS = 10


def find(*names: str) -> str:
    """Return the path of the first program found.

    Raises:
        ServiceError: none is installed.
    """
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    raise ServiceError(
        f"{names[0]} is not installed",
        hint=f"install it, so that {' or '.join(names)} is on the PATH",
    )


@dataclass
class Program:
    """One program: its command line, its log, and the address that answers once it is ready."""

    name: str
    command: list[str]
    log: Path
    ready: str
    environment: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; its log goes on where it was.

        Raises:
            ServiceError: it ended, or does not answer; names its log.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - programs that we name ourselves
                self.command,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(self.ready, timeout=5).status_code == 200:
                    return
            time.sleep(0.1)
        ended = "ended" if self._process.poll() is not None else "does not answer"
        self.stop()
        raise ServiceError(f"{self.name} {ended}", hint=f"see {self.log}")

    @property
    def pid(self) -> int:
        """Its process, also after its end."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator would; at once if it does not listen."""
        self._end(signal.SIGTERM)

    def _end(self, by: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(by)
        try:
            self._process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
