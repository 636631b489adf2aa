"""The log of a stage in a run on Kubeflow Pipelines (`mdlc logs`), read from its pod."""

from __future__ import annotations

from mdlc.core.errors import MARK, DataError, from_json
from mdlc.kubernetes.api_client import Kube

FUSED = {
    **dict.fromkeys(("business", "collection", "preparation", "exploration", "selection"), "front"),
    **dict.fromkeys(("evaluation", "deployment", "release"), "back"),
}
"""Stage -> the task that runs it in the light plan."""
APART = {"training": ("candidate", "assembly")}
"""Stage -> the tasks that run it if each candidate has its own pod."""
LAUNCHER = "failed to execute component: "
RUN_LABEL = "pipeline/runid"


def stage_log(kube: Kube, *, namespace: str, run_id: str, stage: str, lines: int) -> str:
    """Return the end of a stage's log in a run on Kubeflow Pipelines.

    KFP runs a stage in a pod whose Argo node is named after the task; the container `main` has the
    output.

    Raises:
        DataError: the run has no such pod, or the pod was deleted.
    """
    pods = kube.pods(namespace, labels=f"{RUN_LABEL}={run_id}")
    names = [stage, FUSED.get(stage, stage), *APART.get(stage, ())]
    wanted = [pod for pod in pods if _task(pod) in names]
    if not wanted:
        tasks = sorted({_task(pod) for pod in pods} - {""})
        raise DataError(
            f"run {run_id} has no pod of {stage} in {namespace}",
            hint=f"it has pods of {', '.join(tasks)}" if tasks else "its pods are gone",
        )
    # Of several tries take the newest; of several candidates, prefer one that failed.
    newest = {_node(pod).rpartition("(")[0] or _node(pod): pod for pod in wanted}
    apart = [pod for pod in newest.values() if _task(pod) in APART.get(stage, ())]
    failed = [pod for pod in apart if pod.status.phase == "Failed"]
    chosen = failed[-1] if failed else wanted[-1]
    return kube.log(namespace, chosen.metadata.name, container="main", lines=lines)


def error_in(log: str) -> str:
    """Return the error at the end of a log, as one line; "" if there is none.

    It is the stage's own, or that of KFP's launcher, which copies artifacts before and after the
    stage and may fail too.
    """
    lines = log.splitlines()
    for line in reversed(lines):
        if MARK in line:
            return str(from_json(line.partition(MARK)[2]))
    for line in reversed(lines):
        if LAUNCHER in line:
            return f"Kubeflow's launcher: {line.partition(LAUNCHER)[2]}"
    return ""


def _task(pod: object) -> str:
    """Return the task that a pod runs, from the names of Argo's nodes: ...(0).executor."""
    parts = [part.partition("(")[0] for part in _node(pod).split(".")]
    if not parts or parts[-1] != "executor":
        return ""
    named = [part for part in parts[:-1] if part and part != "root" and "driver" not in part]
    return named[-1] if named else ""


def _node(pod: object) -> str:
    """Return the name of a pod's Argo node; with retries it ends with (NUMBER)."""
    metadata = pod.metadata  # type: ignore[attr-defined]
    return str((metadata.annotations or {}).get("workflows.argoproj.io/node-name", ""))
