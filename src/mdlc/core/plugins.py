"""The door for other people's code: entry points that installed packages declare for mdlc.

A package says in its own metadata what it adds, and mdlc finds it by name, without a change here:

    [project.entry-points."mdlc.candidates"]
    knn = "mdlc_knn.nearest_neighbours:NearestNeighbours"

mdlc's own kinds of models, readers and checks stand in its own `pyproject.toml` and come through
the same door. The metadata are read once in a process, and only when the first name is asked for;
the code behind a name is imported only when that name is used. So a plug-in that is broken, or
slow to import, costs nothing to a file that does not name it.

>>> "logistic" in names(CANDIDATES)
True
"""

from __future__ import annotations

import contextlib
import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from mdlc.core.errors import SpecError, closest

CANDIDATES = "mdlc.candidates"
READERS = "mdlc.readers"
CHECKS = "mdlc.checks"
NOUNS = {CANDIDATES: "kind of model", READERS: "reader of sources", CHECKS: "data check"}
"""Groups of entry points, and what one of them is in words."""
OURS = "mdlc"
"""The distribution whose plug-ins are the built-in ones."""


@dataclass(frozen=True)
class Plugin:
    """One entry point of one installed distribution."""

    group: str
    name: str
    value: str
    """Where its code is, as `package.module:attribute`."""
    distribution: str
    version: str

    @property
    def built_in(self) -> bool:
        """Whether it is mdlc's own."""
        return self.distribution == OURS

    def __str__(self) -> str:
        return f"{self.name} of {self.distribution} {self.version}"


_ONLY_BUILT_IN: ContextVar[bool] = ContextVar("_ONLY_BUILT_IN", default=False)


def names(group: str) -> list[str]:
    """Return the names that installed distributions give a group, sorted."""
    return built_in_names(group) if _ONLY_BUILT_IN.get() else sorted(_installed(group))


@contextlib.contextmanager
def only_built_in() -> Iterator[None]:
    """Let `names` leave out what others have installed, for what is the same on every machine.

    >>> with only_built_in():
    ...     names(READERS) == built_in_names(READERS)
    True
    """
    token = _ONLY_BUILT_IN.set(True)
    try:
        yield
    finally:
        _ONLY_BUILT_IN.reset(token)


def built_in_names(group: str) -> list[str]:
    """Return the names that mdlc itself gives a group, sorted; the same on every machine."""
    found = _installed(group).items()
    return sorted(name for name, plugins in found if any(one.built_in for one in plugins))


def find(group: str, name: str) -> Plugin:
    """Return the one plug-in of a name, without importing it.

    Raises:
        SpecError: none is installed, or two distributions have one of this name.
    """
    found = _installed(group)
    if name not in found:
        raise SpecError(
            f"no {NOUNS[group]} is called {name}", hint=hint_for(name, known=found, group=group)
        )
    plugins = found[name]
    if len(plugins) > 1:
        named = " and ".join(sorted(map(str, plugins)))  # installed in any order
        raise SpecError(
            f"more than one {NOUNS[group]} is called {name}: {named}",
            hint="uninstall one of them",
        )
    return plugins[0]


def hint_for(name: str, *, known: Iterable[str], group: str) -> str:
    """Return what to do about an unknown name: the nearest one, or what a package must declare.

    >>> hint_for("exel", known=["csv", "json"], group=READERS)
    "known are csv, json; a package that adds it has the entry point exel in 'mdlc.readers'"
    """
    hint = closest(name, known)
    if hint.startswith("did you mean"):
        return hint
    return f"{hint}; a package that adds it has the entry point {name} in {group!r}"


def load(group: str, name: str) -> Any:
    """Return the object behind a name, importing its module.

    Raises:
        SpecError: as `find`; or its module cannot be imported, or lacks what the entry point says.
    """
    return _imported(find(group, name))


@functools.cache
def _imported(plugin: Plugin) -> Any:
    entry = metadata.EntryPoint(name=plugin.name, value=plugin.value, group=plugin.group)
    try:
        return entry.load()
    except Exception as error:
        # The code is somebody else's: whatever it raises, it is its distribution that is broken.
        lines = str(error).strip().splitlines() or ["no message"]
        raise SpecError(
            f"the {NOUNS[plugin.group]} {plugin} cannot be imported from {plugin.value}: "
            f"{type(error).__name__}: {lines[0]}",
            hint=f"repair or uninstall {plugin.distribution}",
        ) from error


@functools.cache
def _entry_points() -> Any:
    """Read the metadata of all distributions, which takes some 50 ms, once.

    The type has another name from Python 3.12 on; `select` is the same.
    """
    return metadata.entry_points()


@functools.cache
def _installed(group: str) -> dict[str, list[Plugin]]:
    """Return name -> the plug-ins of that name; more than one is refused where it is used."""
    found: dict[str, list[Plugin]] = defaultdict(list)
    for entry in _entry_points().select(group=group):
        if entry.dist is not None:
            source = (entry.dist.name, entry.dist.version)
            found[entry.name].append(Plugin(group, entry.name, entry.value, *source))
    if not any(plugin.built_in for plugins in found.values() for plugin in plugins):
        raise SpecError(
            f"mdlc is installed without its own entry points of the group {group!r}",
            hint="install it again: make setup, or pip install mdlc",
        )
    return dict(found)


def forget() -> None:
    """Read the metadata again when next asked: a process that installs a package calls this."""
    _entry_points.cache_clear()
    _installed.cache_clear()
    _imported.cache_clear()
