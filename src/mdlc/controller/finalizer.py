"""What happens when a lifecycle is deleted: what it made on the cluster goes, what it learnt stays.

Models, history, caches and Kubeflow's runs are kept: deleting an object must not lose what cannot
be made again. Each step may be done twice.
"""

from __future__ import annotations

from mdlc.controller import desired_objects
from mdlc.controller.clients import Clients
from mdlc.controller.lifecycle_object import LifecycleObject
from mdlc.controller.reconciler import emit_event
from mdlc.core.errors import MdlcError
from mdlc.services.json_logs import log


def finalize(one: LifecycleObject, world: Clients) -> str:
    """Take everything of the lifecycle off the cluster; return what was said in the event.

    Raises:
        MdlcError: something could not be deleted; it is tried again.
    """
    ended = _end_run(one, world)
    gone = [
        f"{kind} {name}"
        for kind, name in [
            ("InferenceService", one.name),
            *((made.kind, made.name) for made in one.status.objects),
        ]
        if world.cluster.delete(kind, name, of=one)
    ]
    for name in (desired_objects.FILES, desired_objects.RULES):
        without = desired_objects.part(one, name=name, files={})
        if world.cluster.get(without) is not None:
            world.cluster.apply(without, manager=desired_objects.file_manager(one))
    root = one.document["spec"].get("cluster", {}).get("artifacts", "")
    kept = f"{root.rstrip('/')}/{one.name}" if root else "the artifacts"
    deleted = ", ".join(gone) if gone else "nothing of its own was there"
    message = (
        f"deleted: {deleted}{'; ended: ' + ended if ended else ''}; "
        f"kept: models, history and caches in {kept}, and the runs in Kubeflow Pipelines"
    )
    emit_event(one, world, reason="Deleted", message=message, warning=False)
    return message


def _end_run(one: LifecycleObject, world: Clients) -> str:
    """End a run that would release a model for a lifecycle that is gone.

    Kubeflow Pipelines may be gone for good; that keeps nobody from deleting.
    """
    newest = one.status.runs[-1] if one.status.runs else None
    if newest is None or newest.state != "running" or not world.settings.pipelines:
        return ""
    try:
        world.terminate(newest.id)
    except MdlcError as error:
        log("run_not_ended", model=one.name, run=newest.name, why=error.message)
        return f"not the run {newest.name}, Kubeflow Pipelines says no"
    return f"the run {newest.name}"
