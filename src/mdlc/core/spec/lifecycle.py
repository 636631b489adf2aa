"""The file: apiVersion, kind, metadata and the stages' sections."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from mdlc.core.names import is_label
from mdlc.core.spec.base import RuleError, SpecSection
from mdlc.core.spec.business import Business
from mdlc.core.spec.cluster import Cluster
from mdlc.core.spec.data import Data
from mdlc.core.spec.deploy import Deploy
from mdlc.core.spec.model import Explore, Model
from mdlc.core.spec.monitor import Monitor
from mdlc.core.spec.retrain import Retrain

API_VERSION = "mdlc.dev/v1alpha1"


class Metadata(SpecSection):
    """Kubernetes object metadata; mdlc reads the name."""

    name: str = Field(description="Lower-case letters, digits and -; at most 53.")
    namespace: str | None = Field(None, description="For Kubernetes; not read here.")
    labels: dict[str, str] = Field(default={}, description="For Kubernetes; not read here.")
    annotations: dict[str, str] = Field(default={}, description="For Kubernetes; not read here.")

    @field_validator("name")
    @classmethod
    def _dns_safe(cls, name: str) -> str:
        if not is_label(name):
            raise ValueError(f"{name!r} is not lower-case letters, digits and -, at most 53 long")
        return name


class Spec(SpecSection):
    """The stages of a model's life, in their order."""

    business: Business = Field(description="Why the model exists, and what a decision earns.")
    data: Data = Field(description="Where the rows come from and which table they make.")
    explore: Explore = Field(Explore(), description="What exploration looks for.")
    model: Model = Field(Model(), description="Which models are tried, and how they are judged.")
    deploy: Deploy = Field(Deploy(), description="Promotion and serving.")
    monitor: Monitor = Field(Monitor(), description="What is watched.")
    retrain: Retrain = Field(Retrain(), description="What starts a retraining.")
    cluster: Cluster = Field(Cluster(), description="How the stages run on a cluster.")

    @property
    def regression(self) -> bool:
        """Whether the file says that a number is predicted, by its payoff or its task."""
        payoff = self.business.payoff
        return self.model.task == "regression" if payoff is None else payoff.under is not None

    @model_validator(mode="after")
    def _sections_agree(self) -> Spec:
        regression = self.regression
        if self.model.task and (self.model.task == "regression") != regression:
            raise RuleError(
                f"model.task is {self.model.task}, but business.payoff is for "
                + ("regression (under, over)" if regression else "classification"),
                "model",
                "task",
            )
        if self.business.payoff is None and self.deploy.promote.min_gain:
            raise RuleError(
                "min_gain is money, and business.payoff does not say what a decision is worth",
                "deploy",
                "promote",
                "min_gain",
            )
        needs = {
            "schedule": ("retrain.every", self.retrain.every),
            "labels": ("retrain.labels", self.retrain.labels),
            "accuracy": ("monitor.quality.min_accuracy", self.monitor.quality.min_accuracy),
        }
        for reason, (key, value) in needs.items():
            if reason in self.retrain.when and value is None:
                raise RuleError(f"retrain.when has {reason}, so {key} is needed", "retrain", "when")
        return self


class Lifecycle(SpecSection):
    """A model's whole life."""

    api_version: Literal["mdlc.dev/v1alpha1"] = Field(
        alias="apiVersion", description="Version of the file's format."
    )
    kind: Literal["Lifecycle"] = Field(description="What the file is.")
    metadata: Metadata = Field(description="The name, as Kubernetes has it.")
    spec: Spec = Field(description="The stages, in their order.")

    @property
    def name(self) -> str:
        """The lifecycle's name."""
        return self.metadata.name
