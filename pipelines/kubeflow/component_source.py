"""Generates the source text of a component: a signature and a body of a few lines.

kfp compiles a function by reading its signature and its source, and the pod runs that text. The
arguments of a cluster's components follow from the stages' wrappers, so their text is generated
from these and is not written out again for each plan. A generated signature looks like this:

    settings: str, data: str, ...            parameters
    snapshot: dsl.Input[dsl.Dataset]         artifacts that it reads
    table: dsl.Output[dsl.Dataset]           artifacts that it writes
"""

from __future__ import annotations

import hashlib
import linecache
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mdlc.core.steps import STEP_IMAGE


@dataclass(frozen=True)
class ComponentSource:
    """A component before kfp compiles it: names, annotations as text, and the lines of its body."""

    name: str
    description: str
    parameters: Mapping[str, str]
    """Parameter -> its type."""
    inputs: Mapping[str, str]
    """Artifact that it reads -> annotation, such as dsl.Input[dsl.Dataset]."""
    outputs: Mapping[str, str]
    """Artifact that it writes -> annotation."""
    body: Sequence[str] = field(default_factory=tuple)
    returns: str = "None"

    @property
    def text(self) -> str:
        """Return the function as Python."""
        taken = {**self.parameters, **self.inputs, **self.outputs}
        signature = "".join(f"    {name}: {kind},\n" for name, kind in taken.items())
        body = textwrap.indent("\n".join([f'"""{self.description}"""', *self.body]), "    ")
        return f"def {self.name}(\n{signature}) -> {self.returns}:\n{body}\n"

    def component(self) -> Any:
        """Return kfp's component, which runs in the steps' image."""
        from kfp import dsl

        text = self.text
        # kfp reads the source through `inspect`, which looks it up in linecache; attrs registers
        # its generated methods in the same way.
        file = f"<component {self.name} {hashlib.sha256(text.encode()).hexdigest()[:12]}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        names: dict[str, Any] = {"__name__": __name__, "dsl": dsl, "List": list}
        exec(compile(text, file, "exec", dont_inherit=True), names)  # noqa: S102 - text of ours alone, see `text`
        return dsl.component(names[self.name], base_image=STEP_IMAGE, install_kfp_package=False)


def call(function: str, *positional: str, **named: str) -> str:
    """Return a call as Python source, one argument a line; the arguments are expressions.

    >>> print(call("run", "'training'", settings="settings"))
    run(
        'training',
        settings=settings,
    )
    """
    given = [*positional, *(f"{name}={value}" for name, value in named.items())]
    return f"{function}(\n" + "".join(f"    {one},\n" for one in given) + ")"


def mapping(items: Mapping[str, str]) -> str:
    """Return a dictionary as Python source; the values are expressions.

    >>> mapping({"model": "table_model"})
    "{'model': table_model}"
    """
    return "{" + ", ".join(f"{key!r}: {value}" for key, value in items.items()) + "}"
