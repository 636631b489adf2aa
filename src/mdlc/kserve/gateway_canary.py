"""KServe's own canary: used only where the gateway's route is seen to have the percentage.

KServe may make a canary's predictors and leave the whole weight on the stable ones (0.20.0 does).
So nothing is believed of a version number: the route is read back, and a share that is not there is
taken back and refused.
"""

from __future__ import annotations

import math
import time
from typing import Any

from mdlc.core.errors import RefusedError
from mdlc.kserve.inference_service import CANARY
from mdlc.kubernetes.object_client import Object, ObjectClient

DEFINITION = "inferenceservices.serving.kserve.io"
ROUTE_SECONDS = 30.0
STEP = "set deploy.kserve.canary: predictor; it needs nothing of the gateway"


def percent_of(ratio: float) -> int:
    """Return a canary's share in whole percent.

    Raises:
        RefusedError: a gateway cannot have this share.

    >>> percent_of(0.2)
    20
    """
    percent = round(ratio * 100)
    if percent < 1 or not math.isclose(percent, ratio * 100, abs_tol=1e-9):
        raise RefusedError(f"KServe takes whole percentages, not {ratio * 100:g} %", hint=STEP)
    return percent


def require_canaries(objects: ObjectClient) -> None:
    """Refuse where the installed KServe has no canaries of this kind."""
    definition = objects.definition(DEFINITION) or {}
    for version in definition.get("spec", {}).get("versions", []):
        schema: dict[str, Any] = version.get("schema", {}).get("openAPIV3Schema", {})
        if "canary" in schema.get("properties", {}).get("spec", {}).get("properties", {}):
            return
    raise RefusedError("the installed KServe has no spec.canary", hint=STEP)


def shares(route: Object, *, canary: str = CANARY) -> list[float]:
    """Return the canary's share in each rule of a route that leads to predictors."""
    found = []
    for rule in route.get("spec", {}).get("rules", []):
        weights = {b["name"]: b.get("weight", 1) for b in rule.get("backendRefs", [])}
        total = sum(weights.values())
        ours = sum(w for name, w in weights.items() if f"-{canary}-predictor" in name)
        if total:
            found.append(ours / total)
    return found


def await_share(objects: ObjectClient, *, name: str, percent: int) -> None:
    """Wait until every route of `name` gives the canary its share.

    Raises:
        RefusedError: it does not come; the message says what the routes have.
    """
    ends, seen = time.monotonic() + ROUTE_SECONDS, "no HTTPRoute"
    while True:
        routes = [r for r in objects.list("HTTPRoute") if _of(r, name)]
        found = [share for route in routes for share in shares(route)]
        if found and all(abs(share * 100 - percent) < 0.5 for share in found):
            return
        if found:
            seen = "a route with " + " and ".join(sorted({f"{s * 100:g} %" for s in found}))
        if time.monotonic() > ends:
            break
        time.sleep(1)
    raise RefusedError(
        f"the installed KServe does not give the canary its {percent} %: it made {seen}", hint=STEP
    )


def _of(route: Object, name: str) -> bool:
    owners = route["metadata"].get("ownerReferences", [])
    return any(o.get("kind") == "InferenceService" and o.get("name") == name for o in owners)
