"""Finds the class of a kind of model among the plug-ins that are installed."""

from __future__ import annotations

from mdlc.components.training.candidates._base import Candidate
from mdlc.core import plugins
from mdlc.core.errors import SpecError
from mdlc.core.model_kind import kind_of
from mdlc.core.plugins import CANDIDATES


def find_candidate(kind: str, *, where: str) -> type[Candidate]:
    """Return the class of a kind.

    Raises:
        SpecError: no installed package has such a kind, it cannot be imported, or it is no
            candidate of that name.
    """
    try:
        kind_of(kind)
        found = plugins.load(CANDIDATES, kind)
        if not (isinstance(found, type) and issubclass(found, Candidate)):
            raise SpecError(f"{plugins.find(CANDIDATES, kind)} is no class of a Candidate")
    except SpecError as error:
        error.where = where
        raise
    return found
