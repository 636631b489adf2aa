"""spec.deploy: when a challenger replaces the champion, and how predictions are answered."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mdlc.core.spec.base import Duration, RuleError, SpecSection
from mdlc.core.spec.cluster import ObjectName, Pod
from mdlc.core.spec.promotion import Promotion

RELEASES = ("s3://", "pvc://")


class Canary(SpecSection):
    """A promoted version first answers a share of the predictions; it is rolled back if it errs."""

    ratio: float = Field(0.1, gt=0, lt=1, description="Share of predictions that it answers.")
    hold: Duration = Field(
        "1h", validate_default=True, description="How long it answers that share, at least."
    )
    min_predictions: int = Field(
        200, ge=1, description="Predictions that it answers before it is judged."
    )
    max_failure_ratio: float = Field(
        0.01, ge=0, lt=1, description="Share of its predictions that may fail."
    )
    max_slowdown: float = Field(
        3.0, gt=1, description="Its mean time to score over the champion's, at most."
    )


class Serving(SpecSection):
    """How predictions are answered."""

    port: int = Field(8080, ge=1, le=65535, description="Where mdlc serve listens.")
    max_rows: int = Field(10_000, ge=1, description="Rows in one request.")
    max_bytes: int = Field(16_000_000, ge=1000, description="Bytes in one request.")
    max_text: int = Field(1000, ge=1, description="Characters in one text value of a request.")
    corrections: bool = Field(
        False,
        description="Whether the newest label with a reason takes the place of the first; else the "
        "first is kept, and another one counted as contradictory.",
    )


class Autoscaling(SpecSection):
    """When KServe adds predictors. cpu and memory by an HPA; predictions by KEDA and Prometheus."""

    metric: Literal["cpu", "memory", "predictions"] = Field(
        "cpu", description="What is measured, on average over the predictors."
    )
    target: int = Field(
        70, ge=1, description="Percent of what is reserved; of predictions: rows a second for each."
    )
    prometheus: str | None = Field(
        None, description="URL of Prometheus as KEDA sees it; predictions need it."
    )

    @model_validator(mode="after")
    def _measurable(self) -> Autoscaling:
        if self.metric == "predictions" and not (self.prometheus or "").startswith("http"):
            raise RuleError("predictions are counted by Prometheus: say its URL", "prometheus")
        return self


class KServe(SpecSection):
    """The predictor on a cluster, as a KServe InferenceService."""

    runtime: ObjectName | None = Field(
        None, description="Serving runtime; None: mdlc-onnx or mdlc-savedmodel, as the model needs."
    )
    releases: str | None = Field(
        None,
        description="Where releases lie: s3://BUCKET/FOLDER or pvc://CLAIM/FOLDER; "
        "None: cluster.artifacts.",
    )
    storage_container: ObjectName | None = Field(
        "mdlc",
        description="ClusterStorageContainer that copies a release from S3; None: KServe's own, "
        "which namespaces with Pod Security restricted refuse.",
    )
    min_replicas: int = Field(1, ge=1, le=1000, description="Predictors at least.")
    max_replicas: int | None = Field(
        None, ge=1, le=1000, description="Predictors at most; None: as many as min_replicas."
    )
    autoscaling: Autoscaling = Field(Autoscaling(), description="When predictors are added.")
    pod: Pod = Field(Pod(), description="What a predictor's pod asks for; else the runtime's.")
    service_account: ObjectName | None = Field(
        "predictor", description="Account of the pods; None: the namespace's default."
    )
    token_secret: ObjectName | None = Field(
        None, description="Secret whose key token clients must send; None: the runtime's."
    )
    payload_log_secret: ObjectName | None = Field(
        None,
        description="Secret with username and password of the payload log; None: the runtime's.",
    )
    spread: Literal["nodes", "zones", "none"] = Field(
        "nodes", description="Over what predictors are spread, where it can be."
    )
    canary: Literal["predictor", "gateway"] = Field(
        "predictor",
        description="Who splits a canary's share: each predictor, by a prediction's id, or the "
        "gateway.",
    )
    startup: Duration = Field(
        "2m", validate_default=True, description="How long a predictor may take to load its model."
    )
    ready_within: Duration = Field(
        "10m", validate_default=True, description="How long mdlc deploy follows a rollout."
    )

    @model_validator(mode="after")
    def _consistent(self) -> KServe:
        if self.releases is not None and not self.releases.startswith(RELEASES):
            raise RuleError(
                f"{self.releases!r} is not a location such as s3://bucket/folder or pvc://claim",
                "releases",
            )
        if self.max_replicas is not None and self.max_replicas < self.min_replicas:
            raise RuleError(
                f"max_replicas is below min_replicas {self.min_replicas}", "max_replicas"
            )
        for key in ("retries", "timeout"):
            if getattr(self.pod, key) is not None:
                raise RuleError("a predictor runs for as long as it serves", "pod", key)
        return self


class Deploy(SpecSection):
    """Promotion and serving."""

    promote: Promotion = Field(Promotion(), description="When a challenger replaces the champion.")
    canary: Canary | None = Field(
        None, description="Promote by way of a canary; without it, a promotion is at once."
    )
    serving: Serving = Field(Serving(), description="How predictions are answered.")
    kserve: KServe = Field(KServe(), description="The predictor on a cluster.")
