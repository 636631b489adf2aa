"""The digests of the plug-ins that a stage's result depends on; part of the stage's question.

A plug-in counts only for the stage that calls it, and only if the stage's part of the file names
it. For example, a new version of a reader re-runs collection if a source uses that reader. Digested
are all files of the package that the entry point names, the version of its distribution, and the
versions of the distributions that it requires.

Candidates count for selection too, because selection reads what they declare about themselves.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from mdlc.components.selection.contestants import DEFAULTS
from mdlc.core import plugins
from mdlc.core.files import digest_bytes, digest_json
from mdlc.core.model_kind import kind_of
from mdlc.core.plugins import CANDIDATES, CHECKS, READERS, Plugin
from mdlc.pipelines.cache.code_digests import stage_code

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
NEEDED_FOR_AN_EXTRA = re.compile(r";.*\bextra\s*==")


def question_code(stage: str, parameters: Mapping[str, Any]) -> str:
    """Return the digest of the stage's code and of the plug-ins that its parameters name.

    Args:
        stage: The stage's name.
        parameters: The stage's parameters: parts of the file as JSON.

    Raises:
        SpecError: the file names a plug-in that is not installed here, or cannot be imported.
    """
    used: dict[str, Any] = {
        plugin.name: code_digest(plugin)
        for plugin in _named(stage, parameters)
        if not plugin.built_in
    }
    if stage == "selection":
        kinds = _kinds(parameters) or DEFAULTS
        used["kinds"] = [asdict(kind_of(name)) | {"tasks": _tasks(name)} for name in kinds]
    return digest_json([stage_code(stage), used]) if used else stage_code(stage)


def _tasks(kind: str) -> list[str]:
    return sorted(kind_of(kind).tasks)


def _named(stage: str, parameters: Mapping[str, Any]) -> list[Plugin]:
    """Return the plug-ins that a stage's part of the file names."""
    if stage == "collection":
        sources = json.loads(parameters["sources"])["sources"].values()
        return _of_keys(READERS, sources)
    if stage == "preparation":
        return _of_keys(CHECKS, json.loads(parameters["data"]).get("checks", []))
    if stage in {"selection", "training"}:
        return [plugins.find(CANDIDATES, kind) for kind in _kinds(parameters)]
    return []


def _of_keys(group: str, sections: Iterable[Mapping[str, Any]]) -> list[Plugin]:
    known = set(plugins.names(group))
    keys = sorted({key for section in sections for key in section if key in known})
    return [plugins.find(group, key) for key in keys]


def _kinds(parameters: Mapping[str, Any]) -> list[str]:
    """Return the kinds of candidates that the file names, as mappings or as plain names."""
    named = json.loads(parameters["model"]).get("candidates", [])
    return [each if isinstance(each, str) else each["kind"] for each in named]


@functools.cache
def code_digest(plugin: Plugin) -> str:
    """Return the digest of a plug-in's package, its version and those of what it requires."""
    found = metadata.distribution(plugin.distribution)
    requires = sorted(
        match.group()
        for line in found.requires or []
        if not NEEDED_FOR_AN_EXTRA.search(line) and (match := NAME.match(line))
    )
    versions = {name: _version(name) for name in requires if name != plugins.OURS}
    files = _files(plugin.value.partition(":")[0])
    return digest_json({"files": files, "version": plugin.version, "libraries": versions})


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _files(module: str) -> dict[str, str]:
    """Return the digests of a module's file, or of all files of its package.

    Several distributions may share a namespace package, so that is skipped: the first regular
    package below it is taken.
    """
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        found = importlib.util.find_spec(".".join(parts[:length]))
        if found is not None and found.origin is not None:
            break
    else:
        return {}
    file = Path(found.origin)
    if found.submodule_search_locations is None:
        return {file.name: digest_bytes(file.read_bytes())}
    folder = file.parent
    return {
        path.relative_to(folder).as_posix(): digest_bytes(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
