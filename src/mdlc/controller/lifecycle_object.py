"""A Lifecycle object as the API server has it, and the lifecycle file inside it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mdlc.core.errors import SpecError
from mdlc.core.spec import Lifecycle, load
from mdlc.kubernetes.crd.crd_definition import GROUP
from mdlc.kubernetes.crd.lifecycle_status import LifecycleStatus

RUN, DATA_ROOT = f"{GROUP}/run", f"{GROUP}/data-root"
"""Annotations: a new value asks for one more run; where sources beside the file lie."""
Object = dict[str, Any]


@dataclass(frozen=True)
class LifecycleObject:
    """The parts of a Lifecycle object that the controller reads."""

    name: str
    namespace: str
    uid: str
    generation: int
    annotations: Mapping[str, str]
    deleting: bool
    status: LifecycleStatus
    document: Object
    """apiVersion, kind, metadata and spec as a file would have them."""

    @property
    def owner(self) -> Object:
        """The owner reference: Kubernetes deletes owned objects with the lifecycle."""
        return {
            "apiVersion": self.document["apiVersion"],
            "kind": self.document["kind"],
            "name": self.name,
            "uid": self.uid,
        }

    def with_status(self, status: LifecycleStatus) -> LifecycleObject:
        """Return a copy with another status."""
        return replace(self, status=status)

    def file(self) -> str:
        """Return the lifecycle file as YAML that any reader of JSON reads too."""
        return json.dumps(self.document, indent=1, ensure_ascii=False) + "\n"


def lifecycle_object(body: Mapping[str, Any]) -> LifecycleObject:
    """Return the parts that the controller reads of an object."""
    metadata = body["metadata"]
    document = {
        "apiVersion": body["apiVersion"],
        "kind": body["kind"],
        # Labels and annotations say nothing to a model, and kubectl keeps the whole file in one.
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "spec": _plain(body.get("spec", {})),
    }
    return LifecycleObject(
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        generation=int(metadata.get("generation", 1)),
        annotations=dict(metadata.get("annotations") or {}),
        deleting="deletionTimestamp" in metadata,
        status=LifecycleStatus.model_validate(_plain(body.get("status") or {})),
        document=document,
    )


def validated(one: LifecycleObject) -> Lifecycle:
    """Return the lifecycle, validated as `mdlc validate` does it for a file.

    Raises:
        SpecError: it breaks a rule; the message is that of the file, without file name and line.
    """
    with tempfile.TemporaryDirectory(prefix="mdlc-lifecycle-") as folder:
        path = Path(folder) / "lifecycle.yaml"
        try:
            # Halves of characters are written as they are; reading refuses them.
            with path.open("w", encoding="utf-8", errors="surrogatepass") as file:
                YAML(typ="safe", pure=True).dump(one.document, file)
        except RecursionError as error:
            raise SpecError("the object is nested too deeply") from error
        try:
            return load(path)
        except SpecError as error:
            error.file, error.line = "", 0
            raise


def _plain(value: Any) -> Any:
    """Return a copy made of plain dictionaries, because kopf hands out views."""
    return json.loads(json.dumps(value, default=dict))
