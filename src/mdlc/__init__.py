"""mdlc runs a machine-learning model's whole life from one file."""

import os

__version__ = "0.1.0"

# Libraries that would tell their makers how they are used, ONNX Runtime from its import on.
# What somebody has set already stays (docs/decisions/0018-no-telemetry.md).
for _name in ("ORT_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY"):
    os.environ.setdefault(_name, "1")
