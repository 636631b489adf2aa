"""Opens a lifecycle in Python: from a file, from a dict, or from rows in memory."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdlc.api.lifecycle import Lifecycle
from mdlc.api.memory_sources import is_table, write_table
from mdlc.api.work_progress import Shown, shown
from mdlc.components.collection.consent import consent
from mdlc.core.errors import UsageError, closest
from mdlc.core.names import is_label
from mdlc.core.plugins import READERS
from mdlc.core.plugins import names as plugin_names
from mdlc.core.spec import Lifecycle as LifecycleFile
from mdlc.core.spec import load as load_file
from mdlc.core.spec.data import DIALECT
from mdlc.core.spec.lifecycle import API_VERSION
from mdlc.core.spec.load import from_mapping
from mdlc.state.workspace import workspace_named, workspace_of

TEXT_ONLY = (*DIALECT, "date_format")
"""Keys of a source that are for text; a table in memory has its types."""


def load(
    source: str | Path | Mapping[str, Any],
    *,
    data: Mapping[str, Any] | None = None,
    home: str | Path | None = None,
    root: str | Path | None = None,
) -> Lifecycle:
    """Open a lifecycle.

    Tables in memory are written once as Parquet into the workspace, to a file named by the digest
    of their content, so equal rows are taken from the cache. Types are kept; a column that Parquet
    would not store unchanged is refused. The index of a DataFrame becomes columns if it has names;
    an index of row numbers without a name is left out.

    Args:
        source: A lifecycle file; or a dict with the keys of the file, in which `apiVersion` and
            `kind` may be left out, and a source may be a DataFrame, an Arrow table, or anything
            else with `__arrow_c_stream__`.
        data: Source -> a table in memory that takes the place of its location. Its `types`,
            `columns`, `rename`, `derive` and `where` stay.
        home: Folder of the state; None: MDLC_HOME, else `.mdlc` beside the file, or in `root`.
        root: Folder that relative locations in a dict start from; None: the working directory.
            Relative locations in a file start from the file's folder.

    Returns:
        The lifecycle. Nothing was run, and no source was read.

    Raises:
        SpecError: the file is missing, or breaks a rule; the message names the line.
        DataError: a table in memory has a column that Parquet would not store unchanged.
        UsageError: `data` names an unknown source, or `root` is given with a file.

    Example:
        >>> lifecycle = load({
        ...     "metadata": {"name": "loans"},
        ...     "spec": {
        ...         "business": {"payoff": {"right": 1, "wrong": -1}},
        ...         "data": {"sources": {"rows": {"csv": "loans.csv"}}, "target": "repaid"},
        ...     },
        ... })
        >>> lifecycle.name
        'loans'
    """
    where = Path(home) if home is not None else None
    if isinstance(source, Mapping):
        folder = Path(root) if root is not None else Path.cwd()
        document = {"apiVersion": API_VERSION, "kind": "Lifecycle", **source}
        definition = _with_tables(document, data or {}, home=where, file=folder / "lifecycle.yaml")
        return Lifecycle(definition, root=folder, home=where)
    if root is not None:
        raise UsageError("is for a dict; a file has its own folder", where="root")
    file = Path(source)
    definition = load_file(file)
    if data:
        given = definition.model_dump(by_alias=True, exclude_unset=True)
        definition = _with_tables(given, data, home=where, file=file)
    return Lifecycle(definition, root=file.resolve().parent, file=file, home=where)


def init(  # noqa: PLR0913 - all but one by keyword
    data: Any = None,
    *,
    target: str | None = None,
    name: str | None = None,
    file: str | Path = "lifecycle.yaml",
    home: str | Path | None = None,
    progress: Shown = None,
) -> Lifecycle:
    """Write a first lifecycle file, adapted to the data, and open it.

    It writes down what the data show: `rename` for names that no expression could use, delimiter,
    encoding, decimal mark, words for missing values, and the order of day and month.

    The file has comments, and places to fill in: above all what a decision earns. Until that is
    said a proper score judges (log-loss, or RMSE). Edit it, then `mdlc.load` it again.

    Args:
        data: A DataFrame or Arrow table, or the path of a CSV, TSV, JSON or Parquet file; None: to
            be filled in. If it is outside the file's folder, a note is made that your runs of files
            there may read it (docs/security.md).
        target: The column to predict; needed with data.
        name: The lifecycle's name; None: the data file's name, or my-model.
        file: The file to write; it must not exist.
        home: Folder of the state; None: MDLC_HOME, else `.mdlc` beside the file.
        progress: Where it is said what in the file is a guess.

    Returns:
        The lifecycle.

    Raises:
        MdlcError: the file exists.
        DataError: the data cannot be read, or lack the target's column.
        UsageError: `name` is not valid.

    Example:
        mdlc.init(data=frame, target="late").run()
    """
    from mdlc.life.starter_file import write_starter

    path, where = Path(file), Path(home) if home is not None else None
    chosen: Path | None = None
    if is_table(data):
        name = name or "my-model"
        if not is_label(name):
            raise UsageError(f"{name!r} is not lower-case letters, digits and -", where="name")
        folder = workspace_named(name, file=path, home=where).folder
        chosen = write_table(data, name="rows", folder=folder)
    elif data is not None:
        chosen = Path(data)
    with shown(progress) as told:
        for note in write_starter(path, data=chosen, target=target, name=name):
            told.say(note)
    return load(path, home=home)


def file_schema() -> dict[str, Any]:
    """Return the JSON Schema of a lifecycle file, for editors.

    Example:
        >>> file_schema()["required"]
        ['apiVersion', 'kind', 'metadata', 'spec']
    """
    return LifecycleFile.model_json_schema(by_alias=True)


def _with_tables(
    document: dict[str, Any], data: Mapping[str, Any], *, home: Path | None, file: Path
) -> LifecycleFile:
    """Write the document's tables in memory to files, and return the checked document.

    The document is checked before anything is written.
    """
    tables = dict(data)
    for name, value in tables.items():
        if not is_table(value):
            message = f"{name} is a {type(value).__name__}, not a DataFrame or Arrow table"
            raise UsageError(message, where="data", hint="name a file in the source itself")
    sources = _sources(document)
    plain = copy.copy(document)
    for name, value in sources.items():
        inner = value if isinstance(value, Mapping) else {"parquet": value}
        held = next((inner[key] for key in plugin_names(READERS) if is_table(inner.get(key))), None)
        if held is not None and name not in tables:
            tables[name] = held
    unknown = [name for name in tables if name not in sources]
    if unknown:
        hint = closest(unknown[0], map(str, sources))
        raise UsageError(f"there is no source {unknown[0]}", where="data", hint=hint)
    if not tables:
        return from_mapping(plain)
    checked = from_mapping(_replaced(plain, dict.fromkeys(tables, Path("checked.parquet"))))
    folder = workspace_of(checked, file=file, home=home).folder
    numbers = _no_number_features(checked)
    paths = {
        name: write_table(table, name=name, folder=folder, categories=numbers)
        for name, table in tables.items()
    }
    for path in paths.values():  # where the home is elsewhere
        consent(file.parent, path.parent)
    return from_mapping(_replaced(plain, paths))


def _sources(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return spec.data.sources of a document that is not validated yet."""
    node: Any = document
    for key in ("spec", "data", "sources"):
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def _replaced(document: Mapping[str, Any], paths: Mapping[str, Path]) -> dict[str, Any]:
    """Return the document with the locations of some sources replaced by Parquet files."""
    spec, data = document["spec"], document["spec"]["data"]
    sources = {
        name: dict(value) if isinstance(value, Mapping) else {} if is_table(value) else value
        for name, value in data["sources"].items()
    }
    for name, path in paths.items():
        kept = sources[name]
        if isinstance(kept, dict):
            sources[name] = {
                key: value
                for key, value in kept.items()
                if key not in (*plugin_names(READERS), *TEXT_ONLY)
            } | {"parquet": str(path)}
    return {**document, "spec": {**spec, "data": {**data, "sources": sources}}}


def _no_number_features(definition: LifecycleFile) -> set[str]:
    """Return the columns that are not numeric features according to the file."""
    data = definition.spec.data
    table = data.table
    times = [name for name in (table.time, table.label_time) if name]
    return {
        *(data.target, *data.categories, *data.identifiers, *data.known_later),
        *(*table.key, *times),
    }
