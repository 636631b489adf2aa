"""Finds the class of a kind of model among the plug-ins that are installed."""

from __future__ import annotations

from mdlc.components.training.candidates._base import Candidate
from mdlc.core import plugins
from mdlc.core.errors import SpecError
from mdlc.core.plugins import CANDIDATES


def find_candidate(kind: str, *, where: str) -> type[Candidate]:
    """Return the class of a kind.

    Raises:
        SpecError: no installed package has such a kind, it cannot be imported, or it is no
            candidate of that name.
    """
    try:
        found = plugins.load(CANDIDATES, kind)
    except SpecError as error:
        error.where = where
        raise
    if not (isinstance(found, type) and issubclass(found, Candidate)) or found.kind != kind:
        plugin = plugins.find(CANDIDATES, kind)
        raise SpecError(
            f"{plugin} is no Candidate of the name {kind}",
            where=where,
            hint=f"see {plugin.value}, and docs/plugins.md",
        )
    return found
