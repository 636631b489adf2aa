"""Checks within seconds whether the registry answers; MLflow itself would retry for minutes."""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from mdlc.core.errors import ServiceError, StorageError
from mdlc.core.files import disk_full

WAIT_SECONDS = 10.0
"""Longest wait for a lock on SQLite, or for a connection to a server."""
_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}


def without_credentials(uri: str) -> str:
    """Return a URI without user, password and query.

    >>> without_credentials("postgresql://ann:s@cret@db:5432/mlflow?sslpassword=x")
    'postgresql://db:5432/mlflow'
    >>> without_credentials("sqlite:////home/ann/mlflow.db")
    'sqlite:////home/ann/mlflow.db'
    """
    return re.sub(r"//[^/]*@", "//", uri).split("?", maxsplit=1)[0]


def sqlite_path(registry: str) -> Path | None:
    """Return the file of an SQLite registry; None for another kind."""
    match = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]+)(?:\?.*)?", registry)
    return Path(match[1]) if match else None


@contextlib.contextmanager
def answering(registry: str) -> Iterator[None]:
    """Check that `registry` answers, and turn errors inside the block into a ServiceError.

    Raises:
        ServiceError: the registry is locked, unreachable or broken; one line, no credentials.
        StorageError: its disk is full.
    """
    try:
        _check(registry)
        yield
    except ServiceError:
        raise
    except Exception as error:
        if not _foreign(error):
            raise
        if disk_full(error):
            raise StorageError(
                f"the model registry {without_credentials(registry)}: the disk is full",
                hint="free space, then run again: finished stages are kept",
            ) from error
        raise _refusal(registry, str(error)) from error


def _check(registry: str) -> None:
    path = sqlite_path(registry)
    if path is not None:
        _check_sqlite(path)
        return
    parts = urlsplit(registry)
    port = parts.port or _PORTS.get(parts.scheme.split("+")[0])
    if parts.hostname and port:
        socket.create_connection((parts.hostname, port), timeout=WAIT_SECONDS).close()


def _check_sqlite(path: Path) -> None:
    """Take and release the write lock; create the folder if it is missing, for a new registry."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(path, timeout=WAIT_SECONDS)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()


def _foreign(error: Exception) -> bool:
    """Return whether an error comes from MLflow, SQLAlchemy, the system or a driver."""
    kinds = (sqlite3.Error, OSError, ImportError, ValueError)  # such as a port that is no number
    return isinstance(error, kinds) or type(error).__module__.startswith(("mlflow", "sqlalchemy"))


def _refusal(registry: str, why: str) -> ServiceError:
    line = without_credentials((why.splitlines() or [""])[0])[:200]
    return ServiceError(
        f"the model registry {without_credentials(registry)} does not answer: {line}",
        hint="check that it runs and that no other process holds it, then run again",
    )
