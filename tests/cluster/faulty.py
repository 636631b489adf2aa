"""A canary whose scores are not numbers, put beside the champion in the object store."""

from __future__ import annotations

import math
import shutil
from datetime import UTC, datetime
from pathlib import Path

import onnx

from mdlc.cluster.state_mirror import mirrored
from mdlc.core.bundle import ONNX, open_bundle, seal
from mdlc.life.releases import begin_canary, bundle_of, require
from tests.cluster.local import Local
from tests.winners import deployed


def _break(model: Path) -> None:
    """Make every coefficient of a linear model NaN."""
    graph = onnx.load(str(model))
    broken = 0
    for node in graph.graph.node:
        for attribute in node.attribute:
            if attribute.name == "coefficients":
                attribute.floats[:] = [math.nan] * len(attribute.floats)
                broken += 1
    for tensor in graph.graph.initializer:
        if "coef" in tensor.name:
            filled = onnx.numpy_helper.to_array(tensor) * math.nan
            tensor.CopyFrom(onnx.numpy_helper.from_array(filled, tensor.name))
            broken += 1
    assert broken, "the model has coefficients"
    onnx.save(graph, str(model))


def faulty_canary(life: Local, folder: Path, *, version: str, ratio: float) -> None:
    """Begin the trial of a copy of the champion that cannot score."""
    with mirrored(life.artifacts, name=life.name) as place:
        champion = bundle_of(place, require(place))
        shutil.copytree(champion, folder / "bundle")
        _break(folder / "bundle" / ONNX)
        manifest, profile = open_bundle(champion)
        sealed = seal(folder / "bundle", manifest, profile=profile)
        now = datetime.now(UTC)
        evaluation = deployed(
            folder, name=life.name, version=version, digest=sealed.digest, money=1, created=now
        )
        begin_canary(
            place,
            deployment=folder,
            evaluation=evaluation,
            time=now,
            why="a test",
            ratio=ratio,
        )
