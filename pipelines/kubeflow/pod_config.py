"""Configures a task's pod from spec.cluster: image, resources, nodes, secrets, retries, caching."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from mdlc.core.spec.cluster import Cluster, Pod, Secret, Toleration
from mdlc.core.steps import STEP_IMAGE
from mdlc.pipelines.kubeflow.failure_records import RUN_VARIABLE

GPU = "nvidia.com/gpu"
UNITS = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
BINARY = {f"{unit}i": 2.0 ** (10 * power) for power, unit in enumerate("KMGTPE", start=1)}
PATIENCE = f"{7 * 24 * 3600}s"
"""Time from a stage's first start within which it may be retried: Argo starts no retry after it,
and ends one that runs longer. It does not limit the wait between two tries."""
RUN_LABEL = "metadata.labels['pipeline/runid']"
ONCE = {"release", "report"}
"""Steps that are not retried unless the file says so."""


def configure_pod(task: Any, *, cluster: Cluster, stages: Sequence[str], cached: bool) -> Any:
    """Give a task's pod the settings of its stages; for several stages, the largest of each."""
    from kfp import kubernetes

    pods = [cluster.pod(stage) for stage in stages]
    task.set_caching_options(cluster.cache.enabled and cached)
    image = next((pod.image for pod in pods if pod.image), None) or step_image(cluster)
    if image != STEP_IMAGE:
        task.set_container_image(image)
    _resources(task, pods)
    retries = max(_retries(pod, stage) for pod, stage in zip(pods, stages, strict=True))
    if retries:
        task.set_retry(
            retries, backoff_duration="30s", backoff_factor=2.0, backoff_max_duration=PATIENCE
        )
    for name, value in sorted(cluster.env.items()):
        task.set_env_variable(name, value)
    kubernetes.use_field_path_as_env(task, RUN_VARIABLE, RUN_LABEL)
    _secrets(task, [s for s in cluster.secrets if not s.stages or set(s.stages) & set(stages)])
    _placement(task, pods, cluster=cluster)
    return task


def for_assembly(cluster: Cluster) -> Cluster:
    """Return the settings of the pod that assembles the candidates' parts and trains nothing.

    It keeps training's secrets, and training's image, because the image's libraries are part of the
    cache's question.
    """
    light = Pod(image=cluster.pod("training").image)
    return cluster.model_copy(update={"stages": {**cluster.stages, "training": light}})


def step_image(cluster: Cluster) -> str:
    """Return the image of the steps."""
    return cluster.image or os.environ.get("MDLC_STEP_IMAGE") or STEP_IMAGE


def _retries(pod: Pod, stage: str) -> int:
    if pod.retries is not None:
        return pod.retries
    return 0 if stage in ONCE else 1


def _resources(task: Any, pods: Sequence[Pod]) -> None:
    cpu = [pod.cpu for pod in pods if pod.cpu]
    limits = [pod.cpu_limit for pod in pods if pod.cpu_limit]
    memory = [pod.memory for pod in pods if pod.memory]
    if cpu:
        task.set_cpu_request(max(cpu, key=_cores))
    if limits and len(limits) == len(pods):
        task.set_cpu_limit(max(limits, key=_cores))
    if memory:
        # Memory cannot be taken back from a pod, so the limit equals the request.
        most = max(memory, key=_bytes)
        task.set_memory_request(most)
        task.set_memory_limit(most)
    gpus = max((pod.gpu or 0 for pod in pods), default=0)
    if gpus:
        kind = next((pod.gpu_resource for pod in pods if pod.gpu and pod.gpu_resource), GPU)
        task.set_accelerator_type(kind)
        task.set_accelerator_limit(gpus)


def _secrets(task: Any, secrets: Sequence[Secret]) -> None:
    from kfp import kubernetes

    for secret in secrets:
        # kfp takes each key once a call, and two variables may come from the same key.
        for variable, key in sorted(secret.env.items()):
            kubernetes.use_secret_as_env(
                task, secret.name, secret_key_to_env={key: variable}, optional=secret.optional
            )
        if secret.path:
            kubernetes.use_secret_as_volume(
                task, secret.name, mount_path=secret.path, optional=secret.optional
            )


def _placement(task: Any, pods: Sequence[Pod], *, cluster: Cluster) -> None:
    from kfp import kubernetes

    labels: dict[str, str] = {}
    tolerations: list[Toleration] = []
    for pod in pods:
        labels.update(pod.node_selector or {})
        tolerations += [t for t in pod.tolerations or [] if t not in tolerations]
    for key, value in sorted(labels.items()):
        kubernetes.add_node_selector(task, key, value)
    for one in tolerations:
        kubernetes.add_toleration(
            task, key=one.key, operator=one.operator, value=one.value, effect=one.effect
        )
    lengths = [pod.timeout for pod in pods if pod.timeout]
    if lengths and len(lengths) == len(pods):
        kubernetes.set_timeout(task, int(sum(length.total_seconds() for length in lengths)))
    if cluster.pull_policy:
        kubernetes.set_image_pull_policy(task, cluster.pull_policy)
    if cluster.pull_secrets:
        kubernetes.set_image_pull_secrets(task, list(cluster.pull_secrets))


def _cores(text: str) -> float:
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def _bytes(text: str) -> float:
    unit = text.lstrip("0123456789.")
    return float(text.removesuffix(unit)) * (UNITS | BINARY | {"": 1.0})[unit]
