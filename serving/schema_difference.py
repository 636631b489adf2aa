"""Compares the inputs and classes of two models, since a canary answers the champion's requests."""

from __future__ import annotations

from mdlc.core.bundle import Manifest
from mdlc.core.columns import Feature


def difference(champion: Manifest, canary: Manifest) -> str:
    """Return in words why `canary` cannot answer the champion's requests; "" if it can.

    Cleaning may differ; if the canary cannot clean a row, it fails to score that row.
    """
    if champion.task != canary.task or champion.classes != canary.classes:
        return "its answers have other classes"
    ours, theirs = ({f.name: _shape(f) for f in m.features} for m in (champion, canary))
    for name in theirs.keys() - ours.keys():
        return f"it asks for another feature, {name}"
    for name in ours.keys() - theirs.keys():
        return f"it does not know the feature {name}"
    for name, shape in theirs.items():
        if shape != ours[name]:
            return f"its feature {name} is of another kind"
    return ""


def _shape(feature: Feature) -> tuple[object, ...]:
    return feature.kind, feature.shape, feature.scale
