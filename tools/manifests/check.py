"""All that is checked of an overlay."""

from __future__ import annotations

from collections.abc import Iterator

from . import cluster, combinations, models, policies, schemas
from .objects import Finding, Object

RULES = (*policies.RULES, *cluster.RULES, *combinations.RULES)


def findings(objects: list[Object]) -> Iterator[Finding]:
    """Yield all that is wrong with the objects of an overlay.

    Types come first: rules read fields that a wrong type would not have.
    """
    wrong = [*models.check(objects), *schemas.check(objects)]
    yield from wrong
    if not wrong:
        for rule in RULES:
            yield from rule(objects)


def left_out() -> Iterator[str]:
    """Say what could not be checked here."""
    if not schemas.there():
        yield "schemas not checked: make manifest-schemas brings them, and needs Go"
