"""spec.cluster: how the stages run on a Kubernetes cluster. Nothing in it changes a result."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from mdlc.core.names import DNS_LABEL
from mdlc.core.spec.base import Duration, RuleError, SpecSection

# fmt: off
StageName = Literal[
    "business", "collection", "preparation", "exploration", "selection",
    "training", "evaluation", "deployment", "release", "gate", "report",
]
# fmt: on
CPU = re.compile(r"\d+(\.\d+)?|\d+m")
MEMORY = re.compile(r"(\d+(?:\.\d+)?)(E|Ei|P|Pi|T|Ti|G|Gi|M|Mi|K|Ki)?")
OBJECT = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PROMETHEUS = "MDLC_PROMETHEUS_URL"
"""Names Prometheus to the step that judges a canary."""
OWNERS = frozenset(
    {
        "MDLC_DATA_ROOTS",
        "MDLC_MAX_SOURCE_BYTES",
        "MDLC_QUERY_SECONDS",
        "MDLC_QUERY_MEMORY",
        "XDG_CONFIG_HOME",
        "HOME",
    }
)
"""Bounds on what a file may do: set in the image or by who runs the cluster (docs/security.md).

The last two lead to a person's note of what files may read, which a pod does not have.
"""
VERIFYING = "MDLC_VERIFY_KEYS"
"""Public keys of releases: a Secret may hold them, the file may not."""
SCHEMES = ("s3://", "minio://", "file://", "/")


def _cpu(text: str) -> str:
    if not CPU.fullmatch(text):
        raise ValueError(f"{text!r} is not an amount of CPU such as 500m or 2")
    return text


def _memory(text: str) -> str:
    if not MEMORY.fullmatch(text):
        raise ValueError(f"{text!r} is not an amount of memory such as 512Mi or 8Gi")
    return text


def _object(name: str) -> str:
    if not OBJECT.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a Kubernetes object")
    return name


def _variable(name: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of an environment variable")
    return name


Cpu = Annotated[str, AfterValidator(_cpu)]
Memory = Annotated[str, AfterValidator(_memory)]
ObjectName = Annotated[str, AfterValidator(_object)]
Variable = Annotated[str, AfterValidator(_variable)]


class Toleration(SpecSection):
    """A taint of nodes that a pod tolerates, as Kubernetes has it."""

    key: str | None = Field(None, description="The taint's key; None: every taint.")
    operator: Literal["Equal", "Exists"] = Field("Equal", description="How key and value match.")
    value: str | None = Field(None, description="The taint's value, with Equal.")
    effect: Literal["NoExecute", "NoSchedule", "PreferNoSchedule"] | None = Field(
        None, description="The taint's effect; None: every effect."
    )

    @model_validator(mode="after")
    def _as_kubernetes_has_it(self) -> Toleration:
        if self.operator == "Exists" and self.value is not None:
            raise RuleError("Exists has no value", "value")
        if self.operator == "Equal" and self.key is None:
            raise RuleError("a toleration without key needs operator Exists", "operator")
        return self


class Pod(SpecSection):
    """What a stage's pod asks for. A key that a stage leaves out is the one of `each`."""

    image: str | None = Field(None, description="Its image; None: cluster.image.")
    cpu: Cpu | None = Field(None, description="CPU that is reserved, such as 500m or 2.")
    cpu_limit: Cpu | None = Field(None, description="CPU at most; None: no bound.")
    memory: Memory | None = Field(
        None, description="Memory that is reserved, and at most used, such as 2Gi."
    )
    gpu: int | None = Field(None, ge=0, le=16, description="Number of accelerators.")
    gpu_resource: str | None = Field(
        None, description="The accelerators' resource; None: nvidia.com/gpu."
    )
    node_selector: dict[str, str] | None = Field(None, description="Labels that its node has.")
    tolerations: list[Toleration] | None = Field(None, description="Taints that it tolerates.")
    retries: int | None = Field(
        None, ge=0, le=10, description="New tries when it fails; None: one, release none."
    )
    timeout: Duration | None = Field(None, description="Time after which it is ended.")


class Secret(SpecSection):
    """A Secret that exists in the namespace, by name: as environment variables, or as files."""

    name: ObjectName = Field(description="Name of the Secret.")
    env: dict[Variable, str] = Field(default={}, description="Variable -> key in the Secret.")
    path: str | None = Field(None, description="Folder where its keys appear as files.")
    stages: list[StageName] = Field(default=[], description="Stages that get it; []: all.")
    optional: bool = Field(False, description="Start without it where it does not exist.")

    @model_validator(mode="after")
    def _used(self) -> Secret:
        if not self.env and self.path is None:
            raise RuleError("a secret needs env, path or both", "env")
        if self.path is not None and not self.path.startswith("/"):
            raise RuleError(f"{self.path!r} is not an absolute path", "path")
        if self.path is not None and not DNS_LABEL.fullmatch(self.name):
            # Kubeflow Pipelines gives the pod's volume the name of the Secret.
            raise RuleError(f"{self.name!r} names a volume, too: no dot, 63 letters", "path")
        return self


class Caching(SpecSection):
    """When a stage's earlier result is used again instead of running it."""

    enabled: bool = Field(True, description="Whether earlier results are used.")
    max_age: Duration | None = Field(None, description="Age of a result at most; None: any.")


class Gate(SpecSection):
    """A last step of a run: it waits for the judgement of the canary that the run has released."""

    timeout: Duration = Field(
        "1d", validate_default=True, description="How long; then the trial goes on without it."
    )
    poll: Duration = Field("1m", validate_default=True, description="Between two looks.")

    @model_validator(mode="after")
    def _positive(self) -> Gate:
        if not self.poll.total_seconds() > 0:
            raise RuleError("the time between two looks is above 0", "poll")
        return self


class Cluster(SpecSection):
    """How the stages run on a cluster. `mdlc run` reads nothing of it."""

    artifacts: str = Field(
        "",
        description="Needed. Where releases, caches, uploads lie, such as s3://bucket/mdlc.",
    )
    image: str | None = Field(
        None, description="Image of the steps; None: MDLC_STEP_IMAGE, or this version's."
    )
    pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        None, description="When the image is pulled; None: as Kubernetes decides."
    )
    pull_secrets: list[ObjectName] = Field(default=[], description="Secrets of image registries.")
    fuse: Literal["none", "light"] = Field(
        "none",
        description="none: a pod a stage; light: fewer pods, the light stages share one.",
    )
    parallel: int = Field(
        0, ge=0, le=32, description="Candidates tuned at once, in pods of their own; 0: in one pod."
    )
    gate: Gate | None = Field(
        None,
        description="A step that judges deploy.canary by MDLC_PROMETHEUS_URL; None: the trigger.",
    )
    service_account: ObjectName | None = Field(None, description="Account that the pods run as.")
    each: Pod = Field(Pod(), description="What every stage's pod asks for.")
    stages: dict[StageName, Pod] = Field(default={}, description="Stage -> what its pod asks for.")
    env: dict[Variable, str] = Field(
        default={}, description="Variables of every pod. Nothing secret: it is in the pipeline."
    )
    secrets: list[Secret] = Field(default=[], description="Secrets that the stages read.")
    cache: Caching = Field(Caching(), description="When earlier results are used again.")

    @model_validator(mode="after")
    def _reachable(self) -> Cluster:
        if self.artifacts and not self.artifacts.startswith(SCHEMES):
            raise RuleError(
                f"{self.artifacts!r} is not a location such as s3://bucket/folder", "artifacts"
            )
        return self

    @model_validator(mode="after")
    def _owners(self) -> Cluster:
        for name in sorted((OWNERS | {VERIFYING}) & set(self.env)):
            raise RuleError(f"{name} is the cluster's to set, not the file's", "env", name)
        for number, secret in enumerate(self.secrets):
            for name in sorted(OWNERS & set(secret.env)):
                at = ("secrets", number, "env", name)
                raise RuleError(f"{name} is the cluster's to set, not the file's", *at)
        return self

    @model_validator(mode="after")
    def _judged(self) -> Cluster:
        given = {name for secret in self.secrets for name in secret.env} | set(self.env)
        if self.gate is not None and PROMETHEUS not in given:
            raise RuleError(f"the gate asks Prometheus: give its URL as {PROMETHEUS}", "gate")
        return self

    @model_validator(mode="after")
    def _patient(self) -> Cluster:
        end = self.pod("gate").timeout
        if self.gate is not None and end is not None and end <= self.gate.timeout:
            raise RuleError("the gate's pod would end before gate.timeout", "stages.gate.timeout")
        return self

    @model_validator(mode="after")
    def _mounted_once(self) -> Cluster:
        # A fused pod is of several stages, so two entries meet whatever their stages are.
        for what in ("name", "path"):
            mounted = [getattr(secret, what) for secret in self.secrets if secret.path is not None]
            for one in sorted({one for one in mounted if mounted.count(one) > 1}):
                raise RuleError(f"{one} is mounted twice; name all stages in one entry", "secrets")
        return self

    def pod(self, stage: str) -> Pod:
        """Return what a stage's pod asks for, with what `each` says where it is silent.

        The gate waits by its own `timeout`: that of `each` bounds stages that work.
        """
        own = self.stages.get(stage, Pod())  # type: ignore[call-overload]
        said = {k: v for k in Pod.model_fields if (v := getattr(own, k)) is not None}
        if stage == "gate":
            said.setdefault("timeout", None)
        return self.each.model_copy(update=said)
