"""What a kind of model says of itself, before anything is trained.

Selection decides with it who takes part. It lies in the core because selection and training do not
know each other: a candidate's class carries its declaration in `about`, and selection, which finds
the class by its entry point, reads nothing else of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mdlc.core import plugins
from mdlc.core.errors import SpecError
from mdlc.core.plugins import CANDIDATES
from mdlc.core.spec.model import Task

CLASSIFICATION: frozenset[Task] = frozenset({"binary", "multiclass"})
REGRESSION: frozenset[Task] = frozenset({"regression"})
ANY_TASK: frozenset[Task] = CLASSIFICATION | REGRESSION


@dataclass(frozen=True)
class ModelKind:
    """One kind of model, and what it suits.

    >>> trees = ModelKind("forest", why="Many trees.", images="refused")
    >>> trees.unsuited("binary", image=True)
    'forest does not take images, and a feature is one'
    """

    name: str
    """As the file names it; the name of its entry point."""
    why: str
    """Why one would choose it, in one line; the report shows it."""
    tasks: frozenset[Task] = ANY_TASK
    images: Literal["any", "needed", "refused"] = "any"
    """Whether the features must have an image, or must not."""
    deep: bool = False
    """A deep network; else it is called statistical."""
    least_rows: int = 0
    """With fewer training rows it takes part only where the file names it."""
    extra: str = ""
    """What has to be installed besides, such as mdlc[deep]; "" for nothing."""

    def unsuited(self, task: Task, *, image: bool) -> str:
        """Return why it does not suit the task or the features, "" if it does."""
        if task not in self.tasks:
            return f"{self.name} does not do {task}, it does {', '.join(sorted(self.tasks))}"
        if self.images == "needed" and not image:
            return f"{self.name} needs an image, and no feature is one"
        if self.images == "refused" and image:
            return f"{self.name} does not take images, and a feature is one"
        return ""


def kind_of(name: str) -> ModelKind:
    """Return what the kind of model of a name says of itself.

    Raises:
        SpecError: no installed package has such a kind, it cannot be imported, or its class does
            not declare itself under this name.

    >>> kind_of("keras_cnn").images
    'needed'
    """
    about = getattr(plugins.load(CANDIDATES, name), "about", None)
    if not isinstance(about, ModelKind) or about.name != name:
        plugin = plugins.find(CANDIDATES, name)
        raise SpecError(
            f"{plugin} does not declare itself: about is no ModelKind of the name {name}",
            hint=f"see {plugin.value}, and docs/plugins.md",
        )
    return about
