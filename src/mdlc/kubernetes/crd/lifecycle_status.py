"""The status of the Lifecycle resource, which the controller writes.

It contains no secrets and no values of the data, because everyone who may read the resource may
read it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Truth = Literal["True", "False", "Unknown"]


class StatusPart(BaseModel):
    """Part of the status; keys as Kubernetes writes them."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)


class StatusCondition(StatusPart):
    """One answer to a yes or no question, with the reason in words."""

    type: str = Field(description="Valid, Trained, Serving, Watched, Degraded or Ready.")
    status: Truth = Field(description="Whether it holds.")
    reason: str = Field(description="Why, in one word.")
    message: str = Field(description="Why, in plain words.")
    last_transition_time: datetime = Field(description="Since when the status is this.")
    observed_generation: int = Field(description="The generation that it is about.")


class PlanStage(StatusPart):
    """One stage of the plan, as mdlc plan --json has it."""

    stage: str = Field(description="The stage.")
    state: Literal["cached", "run", "depends"] = Field(
        description="depends: it runs only if what it reads comes out different."
    )
    why: str = Field(description="Why.")
    seconds: float | None = Field(None, description="What it took the last time.")


class PlanStatus(StatusPart):
    """What a run would do now."""

    stages: list[PlanStage] = Field(default=[], description="In the order in which they run.")
    unknown: str = Field("", description="Why the plan is not known; empty: it is.")


class RunStatus(StatusPart):
    """One run on Kubeflow Pipelines that the controller started."""

    id: str = Field(description="Its id there.")
    name: str = Field(description="Its name there.")
    state: Literal["running", "succeeded", "failed"] = Field(description="How it stands.")
    outcome: str = Field("", description="promoted, canary, refused or failed, once it ended.")
    version: str = Field("", description="The version that it made.")
    message: str = Field("", description="Where it is, or what it led to.")
    digest: str = Field("", description="Digest of the file, as far as a model depends on it.")
    link: str = Field("", description="Where Kubeflow Pipelines shows it.")
    started: datetime | None = Field(None, description="When it was made.")


class ServingStatus(StatusPart):
    """What serves."""

    version: str = Field(description="The version.")
    since: datetime = Field(description="Since when.")
    money: str = Field("", description="Money per decision that its evaluation promised.")
    canary: str = Field("", description="The version on trial.")
    ratio: float | None = Field(None, description="Share of predictions that it answers.")
    url: str = Field("", description="Where the predictor answers.")
    release: str = Field("", description="The release that was deployed.")
    digest: str = Field("", description="What was deployed, from which file and release.")


class AppliedObject(StatusPart):
    """One object that the controller applied."""

    kind: str = Field(description="Its kind.")
    name: str = Field(description="Its name.")


class LifecycleStatus(StatusPart):
    """The whole status."""

    observed_generation: int = Field(0, description="The newest generation that was looked at.")
    conditions: list[StatusCondition] = Field(default=[], description="Answers in plain words.")
    run: str = Field("", description="The newest run in a word.")
    asked: str = Field("", description="The newest value of the annotation mdlc.dev/run.")
    plan: PlanStatus | None = Field(None, description="What a run would do now.")
    runs: list[RunStatus] = Field(default=[], description="The newest runs, the newest last.")
    serving: ServingStatus | None = Field(None, description="What serves.")
    objects: list[AppliedObject] = Field(default=[], description="What was applied.")

    def condition(self, kind: str) -> StatusCondition | None:
        """Return the condition of a type."""
        return next((one for one in self.conditions if one.type == kind), None)
