"""mdlc runs a machine-learning model's whole life from one file.

    import mdlc

    lifecycle = mdlc.load("lifecycle.yaml")
    lifecycle.run()
    lifecycle.predict(rows)

`import mdlc` imports nothing heavy: the module of a public name is imported when the name is first
used. docs/api.md describes all public names.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mdlc.core.version import VERSION

if TYPE_CHECKING:
    from mdlc import errors as errors
    from mdlc.api.cluster_checkup import ClusterCheckup as ClusterCheckup
    from mdlc.api.cluster_checkup import check_cluster as check_cluster
    from mdlc.api.cluster_lifecycle import ClusterLifecycle as ClusterLifecycle
    from mdlc.api.cluster_results import ClusterSchedule as ClusterSchedule
    from mdlc.api.cluster_results import StageLog as StageLog
    from mdlc.api.cluster_results import SubmittedRun as SubmittedRun
    from mdlc.api.lifecycle import Lifecycle as Lifecycle
    from mdlc.api.long_running import run_controller as run_controller
    from mdlc.api.long_running import run_trigger as run_trigger
    from mdlc.api.open_lifecycle import file_schema as file_schema
    from mdlc.api.open_lifecycle import init as init
    from mdlc.api.open_lifecycle import load as load
    from mdlc.api.rendered_files import crd_yaml as crd_yaml
    from mdlc.api.rendered_files import render_monitoring as render_monitoring
    from mdlc.api.run_results import RetrainingResult as RetrainingResult
    from mdlc.api.run_results import RollbackResult as RollbackResult
    from mdlc.api.run_results import RunResult as RunResult
    from mdlc.api.server_handle import Server as Server
    from mdlc.api.status_result import StatusResult as StatusResult
    from mdlc.api.stored_report import Report as Report
    from mdlc.api.typed_documents import BusinessCaseResult as BusinessCaseResult
    from mdlc.api.typed_documents import DataReading as DataReading
    from mdlc.api.typed_documents import DataSnapshot as DataSnapshot
    from mdlc.api.typed_documents import DeploymentResult as DeploymentResult
    from mdlc.api.typed_documents import DocumentList as DocumentList
    from mdlc.api.typed_documents import EvaluationResult as EvaluationResult
    from mdlc.api.typed_documents import ExplorationResult as ExplorationResult
    from mdlc.api.typed_documents import PlanResult as PlanResult
    from mdlc.api.typed_documents import PreparedData as PreparedData
    from mdlc.api.typed_documents import ReplayResult as ReplayResult
    from mdlc.api.typed_documents import SelectionResult as SelectionResult
    from mdlc.api.typed_documents import TrainingResult as TrainingResult

__version__ = VERSION

_HOMES = {
    "mdlc.api.open_lifecycle": ("load", "init", "file_schema"),
    "mdlc.api.lifecycle": ("Lifecycle",),
    "mdlc.api.server_handle": ("Server",),
    "mdlc.api.stored_report": ("Report",),
    "mdlc.api.run_results": ("RunResult", "RetrainingResult", "RollbackResult"),
    "mdlc.api.typed_documents": (
        *("BusinessCaseResult", "DataSnapshot", "DataReading", "PreparedData"),
        *("ExplorationResult",),
        *("SelectionResult", "TrainingResult", "EvaluationResult", "DeploymentResult"),
        *("PlanResult", "ReplayResult", "DocumentList"),
    ),
    "mdlc.api.status_result": ("StatusResult",),
    "mdlc.api.cluster_lifecycle": ("ClusterLifecycle",),
    "mdlc.api.cluster_results": ("SubmittedRun", "ClusterSchedule", "StageLog"),
    "mdlc.api.cluster_checkup": ("check_cluster", "ClusterCheckup"),
    "mdlc.api.rendered_files": ("render_monitoring", "crd_yaml"),
    "mdlc.api.long_running": ("run_trigger", "run_controller"),
}
"""Module -> its public names; the only list of them at run time. mypy reads the imports above."""
_MODULES = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["errors", *_MODULES]  # noqa: PLE0604 - all are text


def __getattr__(name: str) -> Any:
    if name == "errors":
        return importlib.import_module("mdlc.errors")
    if name not in _MODULES:
        raise AttributeError(f"module mdlc has no attribute {name}")
    found = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
