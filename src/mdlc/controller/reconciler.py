"""One look at one lifecycle: observe, decide, act, and write the result into its status.

The parts (run, serving, monitoring, trigger) are independent: a part that fails is reported in the
status, and the others continue. The process may be killed after any look; the next look continues
from the status.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mdlc.controller import desired_objects, next_actions
from mdlc.controller.clients import Clients
from mdlc.controller.lifecycle_object import RUN, LifecycleObject, validated
from mdlc.controller.next_actions import ObservedState
from mdlc.controller.status_conditions import ConditionValue, changes, is_bad, merged, shortened
from mdlc.core.errors import MdlcError, SpecError
from mdlc.core.spec import Lifecycle
from mdlc.kubernetes.crd.lifecycle_status import AppliedObject, LifecycleStatus, PlanStatus
from mdlc.services.json_logs import log
from mdlc.state.release_documents import Pointer

WATCHING = {"PrometheusRule", "PodMonitor", "AlertmanagerConfig"}


def reconcile(one: LifecycleObject, world: Clients) -> LifecycleStatus:
    """Do what is due for one lifecycle; write its status and return it.

    Raises:
        ServiceError: the API server does not take the status.
    """
    before = one.status
    after = before.model_copy(update={"observed_generation": one.generation}, deep=True)
    try:
        lifecycle = validated(one)
    except SpecError as error:
        said = _invalid(before, error)
    else:
        said = Reconciler(one, world, lifecycle=lifecycle, status=after).all()
    after.conditions = merged(before, said, generation=one.generation, now=world.now())
    after.run = next_actions.word(after)
    if as_written(after) != as_written(before):
        world.cluster.put_status(one, as_written(after))
        for changed in changes(before, after.conditions):
            emit_event(
                one, world, reason=changed.reason, message=changed.message, warning=is_bad(changed)
            )
    return after


def as_written(status: LifecycleStatus) -> dict[str, Any]:
    """Return the status as the API server keeps it."""
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


def emit_event(
    one: LifecycleObject, world: Clients, *, reason: str, message: str, warning: bool
) -> None:
    """Post a Kubernetes event; if that fails it is logged, and the status says the same."""
    log("lifecycle", model=one.name, namespace=one.namespace, reason=reason, why=message)
    try:
        world.cluster.event(one, reason=reason, message=message, warning=warning)
    except MdlcError as error:
        log("event_lost", model=one.name, why=error.message)


class Reconciler:
    """Looks at one valid lifecycle and fills its status."""

    def __init__(
        self, one: LifecycleObject, world: Clients, *, lifecycle: Lifecycle, status: LifecycleStatus
    ) -> None:
        self.one = one
        self.world = world
        self.lifecycle = lifecycle
        self.status = status
        self.seen = ObservedState()
        self.kinds: set[str] | None = None

    def all(self) -> dict[str, ConditionValue]:
        """Do all parts, and return the conditions."""
        self._try("cluster", self._kinds)
        if self.world.settings.pipelines:
            self._try("run", self._follow)
            self._try("submit", self._submit)
        self._try("plan", self._plan)
        self._try("release", self._pointer)
        said = {
            "Valid": ConditionValue("True", "Valid", "the file breaks no rule"),
            "Trained": self._trained(),
            "Serving": self._serving(),
            "Watched": self._watched(),
        }
        if self.world.settings.trigger:
            self._try("trigger", self._trigger)
        return said | {
            "Degraded": next_actions.degraded(self.seen, said),
            "Ready": next_actions.ready(said),
        }

    def _try(self, what: str, step: Callable[[], None]) -> None:
        try:
            step()
        except MdlcError as error:
            self.seen.errors[what] = shortened(str(error))

    def _kinds(self) -> None:
        self.kinds = self.world.cluster.known_kinds()

    def _follow(self) -> None:
        if self.status.runs and self.status.runs[-1].state == "running":
            newest = self.status.runs[-1]
            state = self.world.run(newest.id)
            self.status.runs = next_actions.with_run(
                self.status.runs, next_actions.followed(newest, state)
            )

    def _submit(self) -> None:
        name = next_actions.submission(self.one, self.lifecycle)
        if name is None:
            return
        made = self.world.submit(self.one, self.lifecycle, name=name)
        self.status.runs = next_actions.with_run(self.status.runs, made)
        self.status.asked = self.one.annotations.get(RUN, "")
        emit_event(
            self.one,
            self.world,
            reason="Submitted",
            message=f"the run {made.name} trains and releases it: {made.link}",
            warning=False,
        )

    def _plan(self) -> None:
        try:
            self.status.plan = self.world.plan(self.one, self.lifecycle)
        except MdlcError as error:
            self.status.plan = PlanStatus(unknown=shortened(str(error)))

    def _pointer(self) -> None:
        self.seen.pointer = self.world.pointer(self.lifecycle)

    def _trained(self) -> ConditionValue:
        if not self.world.settings.pipelines:
            return ConditionValue(
                "Unknown", "NoPipelines", "the controller was told to start no runs"
            )
        return next_actions.trained(self.status, self.seen)

    def _serving(self) -> ConditionValue:
        """Deploy what is released if it is not deployed; return the condition Serving."""
        pointer = self.seen.pointer
        if "release" in self.seen.errors:
            return ConditionValue("Unknown", "StoreAway", self.seen.errors["release"])
        if pointer is None:
            self.status.serving = None
            return ConditionValue("False", "NoRelease", "no model was released yet")
        if self.kinds is not None and "InferenceService" not in self.kinds:
            return ConditionValue(
                "False", "NoKServe", "the cluster has no KServe: install it to serve"
            )
        try:
            return self._served(pointer)
        except MdlcError as error:
            return ConditionValue("False", "NotDeployed", str(error))

    def _served(self, pointer: Pointer) -> ConditionValue:
        self.seen.service = self.world.service(self.one) is not None
        due = next_actions.deployment(self.lifecycle, serving=self.status.serving, seen=self.seen)
        known = self.status.serving
        if due is None and known is not None:
            release, due = known.release, known.digest
        else:
            release = self.world.deploy(self.one, self.lifecycle)
        rollout = self.world.rollout(self.one, release=release)
        self.status.serving = next_actions.serving_status(
            pointer,
            currency=self.lifecycle.spec.business.currency,
            digest=due or "",
            release=release,
            url=rollout.url,
        )
        if rollout.ready:
            return ConditionValue("True", "Serving", f"version {pointer.version}: {rollout.words}")
        reason = "NotReady" if rollout.lasting else "Rollout"
        return ConditionValue("False", reason, f"version {pointer.version}: {rollout.words}")

    def _watched(self) -> ConditionValue:
        """Apply rules, dashboards and monitors; return the condition Watched."""
        if self.kinds is None:
            return ConditionValue(
                "Unknown", "NoAnswer", "the API server does not say which kinds it has"
            )
        try:
            how = self.world.settings.rendering
            wanted = desired_objects.monitoring(self.lifecycle, of=self.one, how=how)
            there, lacking = desired_objects.known(wanted, kinds=self.kinds)
            for body in there:
                self.world.cluster.apply(body)
            if how.target == "plain":
                rules = desired_objects.rules_file(self.lifecycle, of=self.one, how=how)
                self.world.cluster.apply(rules, manager=desired_objects.file_manager(self.one))
            for made in next_actions.leftovers(self.status.objects, there):
                self.world.cluster.delete_owned(made.kind, made.name, of=self.one)
        except MdlcError as error:
            self.seen.errors["monitoring"] = shortened(str(error))
            return ConditionValue("False", "NotApplied", str(error))
        self.status.objects = [
            AppliedObject(kind=body["kind"], name=body["metadata"]["name"]) for body in there
        ]
        if set(lacking) & WATCHING:
            missing = ", ".join(lacking)
            return ConditionValue("False", "NoOperator", f"the cluster does not know {missing}")
        return ConditionValue(
            "True", "Applied", f"{len(there)} rules, monitors and dashboards are applied"
        )

    def _trigger(self) -> None:
        cluster = self.world.cluster
        cluster.apply(
            desired_objects.trigger_file(self.one), manager=desired_objects.file_manager(self.one)
        )


def _invalid(before: LifecycleStatus, error: SpecError) -> dict[str, ConditionValue]:
    """Return the conditions of an invalid file; what an earlier file led to stays."""
    said = {
        kind: ConditionValue(old.status, old.reason, old.message)
        for kind in ("Trained", "Serving", "Watched")
        if (old := before.condition(kind)) is not None
    }
    said["Valid"] = ConditionValue("False", "Invalid", str(error))
    said["Degraded"] = ConditionValue(
        "True", "Invalid", "the file is wrong; what was there before stays"
    )
    said["Ready"] = ConditionValue("False", "NotValid", str(error))
    return said
