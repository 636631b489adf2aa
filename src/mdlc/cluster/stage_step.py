"""Runs one stage inside a pod: `python -m mdlc.cluster.stage_step`, StepRequest on stdin.

Each stage has a process of its own, so that fused stages do not influence each other. It is also
needed because kfp's executor has loaded kfp without the compiler, and the wrappers import it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mdlc.cluster.export_feedback import export_feedback
from mdlc.core.files import write_document
from mdlc.core.steps import reporting
from mdlc.pipelines.kubeflow.failure_records import recording_failure
from mdlc.pipelines.kubeflow.stage_process import perform
from mdlc.pipelines.kubeflow.step_settings import StepRequest


def main() -> None:
    """Read the request, perform it, and write the StepResult."""
    asked = StepRequest.model_validate_json(sys.stdin.read())
    artifacts = asked.settings.artifacts
    with (
        reporting(asked.stage),
        recording_failure(asked.stage, artifacts=artifacts, part=asked.part),
    ):
        write_document(Path(asked.answer), perform(asked, export=export_feedback))


if __name__ == "__main__":
    main()
