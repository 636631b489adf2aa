"""One stage inside a pod: `python -m mdlc.cluster.stage_step`, a StepRequest on standard input.

A process for each stage keeps fused stages apart, as local runs do; and inside an executor kfp has
no compiler to import the wrappers with.
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
    """Read what is asked, do it, write what became of it."""
    asked = StepRequest.model_validate_json(sys.stdin.read())
    artifacts = asked.settings.artifacts
    with (
        reporting(asked.stage),
        recording_failure(asked.stage, artifacts=artifacts, part=asked.part),
    ):
        write_document(Path(asked.answer), perform(asked, export=export_feedback))


if __name__ == "__main__":
    main()
