"""Writes a lifecycle as YAML."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from mdlc.components.collection.consent import consent
from mdlc.components.collection.locations import fixed
from mdlc.core.errors import MdlcError
from mdlc.core.files import write_bytes
from mdlc.core.plugins import READERS, names
from mdlc.core.spec import Lifecycle


def to_mapping(lifecycle: Lifecycle) -> dict[str, Any]:
    """Return a lifecycle as a mapping with the keys of the file, without defaults."""
    return lifecycle.model_dump(mode="json", by_alias=True, exclude_unset=True)


def to_yaml(lifecycle: Lifecycle) -> str:
    """Return a lifecycle as YAML, without defaults."""
    return _yaml(to_mapping(lifecycle))


def written_yaml(lifecycle: Lifecycle, *, path: Path, root: Path, overwrite: bool) -> Path:
    """Write the file; locations relative to `root` are rewritten relative to the file's folder.

    Where that is another folder, its files may read these sources from now on
    (`components.collection.consent`).

    Raises:
        MdlcError: the file exists and may not be replaced.
    """
    if path.exists() and not overwrite:
        raise MdlcError(f"{path} exists", hint="give another name, or overwrite=True")
    document = to_mapping(lifecycle)
    folder = path.resolve().parent
    for source in document["spec"]["data"]["sources"].values():
        for name in names(READERS):
            if isinstance(source.get(name), str):
                source[name] = _moved(source[name], root=root, folder=folder)
                _consent(source[name], folder=folder)
    write_bytes(path, _yaml(document).encode())
    return path


def _consent(location: str, *, folder: Path) -> None:
    """Let files of `folder` read what a location leads to, if it is a path."""
    if "://" not in location:
        consent(folder, fixed(folder / location)[0])


def _moved(location: str, *, root: Path, folder: Path) -> str:
    """Return a location as seen from `folder`, if it is a path."""
    if "://" in location:
        return location
    path = root / location
    if Path(location).is_absolute() and not path.is_relative_to(folder):
        return location
    return location if folder == root and path != Path(location) else os.path.relpath(path, folder)


def _yaml(document: dict[str, Any]) -> str:
    writer, text = YAML(), io.StringIO()
    writer.default_flow_style = False
    writer.width = 10_000
    writer.dump(document, text)
    return text.getvalue()
