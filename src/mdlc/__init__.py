"""mdlc runs a machine-learning model's whole life from one file."""

import os

from mdlc.core.version import VERSION

__version__ = VERSION

# Libraries that would tell their makers how they are used, ONNX Runtime from its import on.
# What somebody has set already stays (docs/decisions/0018-no-telemetry.md).
for _name in ("ORT_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY"):
    os.environ.setdefault(_name, "1")
