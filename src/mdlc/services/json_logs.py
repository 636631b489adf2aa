"""Logs as JSON lines: time, level, event, and the fields of the event.

Values of features are not logged: other libraries log only from WARNING on, and an exception is
reduced to its type and place, because its message may quote a value.

Events about a model have the field `model`, about a version `version`, about a prediction or its
label `id`.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

LOGGER = "mdlc.services"


class JsonLines(logging.Formatter):
    """Turns a record into one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        if not record.name.startswith(LOGGER):
            line["logger"] = record.name
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1]:
            line.update(reduced(record.exc_info[1]))
        return orjson.dumps(line, default=str).decode()


def reduced(error: BaseException) -> dict[str, str]:
    """Return the type of an error and the line that raised it, never its message."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return {"error": type(error).__name__, "at": place}


def log(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Write one event of the server."""
    logging.getLogger(LOGGER).log(level, event, extra={"fields": fields})


class Quota:
    """Allows at most `lines` log lines a second, so that many bad requests do not fill the disk."""

    def __init__(self, lines: int) -> None:
        self._lines = lines
        self._lock = threading.Lock()
        self._second = 0
        self._used = 0
        self._held = 0

    def take(self, now: float) -> int | None:
        """Return how many lines were left out before this one; None: leave this one out too."""
        with self._lock:
            if int(now) != self._second:
                self._second, self._used = int(now), 0
            if self._used >= self._lines:
                self._held += 1
                return None
            self._used += 1
            held, self._held = self._held, 0
            return held


REQUESTS = Quota(20)


def log_bounded(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event that clients can cause; its field `held_back` counts those left out before."""
    if logging.getLogger(LOGGER).isEnabledFor(level):
        held = REQUESTS.take(time.monotonic())
        if held is not None:
            log(event, level=level, **fields, **({"held_back": held} if held else {}))


def logs_debug() -> bool:
    """Return whether debug lines are logged; building one for each prediction takes time."""
    return logging.getLogger(LOGGER).isEnabledFor(logging.DEBUG)


def configure(level: str = "info") -> None:
    """Send all logs to stderr as JSON lines; other libraries from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    warnings.filterwarnings("ignore", message="ORJSONResponse is deprecated")  # kserve's choice
    logging.getLogger(LOGGER).setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "kserve", "kserve.trace"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.WARNING)
    # uvicorn warns of each request that is not HTTP; a client could fill the disk with them.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
