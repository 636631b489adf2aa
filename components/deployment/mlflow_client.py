"""An MLflow client without progress bars, log lines and warnings.

MLflow's output is meant for notebooks; its migrations alone write dozens of lines. Loggers and
warning filters are restored afterwards.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from typing import Any

from mdlc.core import telemetry

_LOGGERS = ("mlflow", "alembic")


@contextlib.contextmanager
def mlflow_client(registry: str) -> Iterator[Any]:
    """Yield an MlflowClient for `registry` alone; MLflow is silent inside the block."""
    # MLflow reads the setting at its import, so it is not restored.
    telemetry.switch_off()
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow import MlflowClient

        with _silenced():
            yield MlflowClient(tracking_uri=registry, registry_uri=registry)


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
