"""Switches off what libraries tell their makers about their use.

ONNX Runtime reports from its import on, MLflow from its first call on; both read a variable of the
environment. It is set at the last moment, just before mdlc itself imports one of them, so that
`import mdlc` leaves alone what other libraries of the same process read. Processes that mdlc starts
inherit it. A value that somebody has set stays. docs/decisions/0018-no-telemetry.md says why.
"""

from __future__ import annotations

import os

VARIABLES = ("ORT_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY")


def switch_off() -> None:
    """Set the variables, where nobody has: call it before importing ONNX Runtime or MLflow."""
    for name in VARIABLES:
        os.environ.setdefault(name, "1")
