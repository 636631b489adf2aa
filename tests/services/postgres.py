"""A real PostgreSQL for tests: made in a temporary folder, ended with the block.

Use `server()` once a module and `url()` of what it yields; `stop` and `start` play an outage.
PostgreSQL refuses to run as root, so there it runs as the user `postgres`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port

HOMES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
USER = "postgres"
SETTINGS = "-c fsync=off -c max_connections=50 -c listen_addresses=127.0.0.1"


def binaries() -> Path | None:
    """Return the folder of PostgreSQL's programs, None where it is not installed."""
    found = shutil.which("pg_ctl")
    return HOMES[-1] if HOMES else Path(found).resolve().parent if found else None


def missing() -> str:
    """Say why no PostgreSQL can be started here; "" if one can."""
    if binaries() is None:
        return "PostgreSQL is not installed"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "PostgreSQL does not run as root, and runuser is not installed"
    return ""


needed = [pytest.mark.services, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]
"""Marks of tests that need it: pytestmark = postgres.needed."""


@dataclass
class Server:
    """One server on a free loopback port."""

    folder: Path
    port: int

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Make a database and return its URL."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, database)
        return self.url(database)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"{SETTINGS} -p {self.port} -k {self.folder}"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "60", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """Stop it, clients or not."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def make(self) -> None:
        """Make the cluster of databases."""
        self._run("initdb", "-D", self._data, "-U", USER, "-A", "trust", "--no-sync")

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        folder = binaries()
        assert folder is not None
        command = [str(folder / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", USER, "--", *command]
        # Its own files: the server would keep a pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command, stdout=output, stderr=output, cwd="/", check=False, timeout=120
            )
            output.seek(0)
            assert done.returncode == 0, output.read().decode(errors="replace")


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Run a server for as long as the block."""
    folder = Path(tempfile.mkdtemp(prefix="mdlc-postgres-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    made = Server(folder, free_port())
    try:
        made.make()
        made.start()
        yield made
    finally:
        with contextlib.suppress(AssertionError):
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)
