"""Finds which modules of mdlc some code imports, directly or indirectly.

A stage's result depends on the code that it runs. Of `core` that is only a part: the business stage
needs 7 modules, and not those that describe a cluster or read a bundle. The cache asks here which
modules a stage reaches; a change in another module leaves the stage's results valid.

Imports are read from the source without running it, wherever they are: at the top, in a function
(which keeps start-up fast), under a condition. Rather too many modules are found than too few:

- all modules of the folder that is asked about count, whether anything imports them or not;
- of a package on the way to a module, `__init__.py` runs and so counts, with what it imports;
- only an `__init__.py` that does nothing but pass names on is looked through: `from mdlc.core.spec
  import Business` reaches the module that defines Business. A change in such a file cannot change
  what Business is, unless it names another module, which is then the one reached.

Imports by a computed name are not seen; a test keeps them out of stages and core.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<source>mdlc[\w.]*)[ \t]+import[ \t]+"
    r"(?P<names>\([^)]*\)|[^\n#;]+)|import[ \t]+(?P<modules>mdlc[^\n#;]*))",
    re.MULTILINE,
)
"""A regular expression, because Python's parser takes ten times as long; a test compares both."""
COMMENT = re.compile(r"#[^\n]*")
Found = tuple[str, str | None]
"""A module and the name that is imported from it; None for the module itself."""


class ImportGraph:
    """The imports of a package's modules, read on demand."""

    def __init__(self, package: Path) -> None:
        self._package = package
        """The root of mdlc, such as src/mdlc."""
        self._files: dict[str, Path | None] = {}
        self._passed: dict[str, dict[str, Found] | None] = {}

    def reached(self, folder: Path) -> dict[str, Path]:
        """Return name -> file of the modules in a folder and of all that they import."""
        waiting = [self._module_of(path) for path in sorted(folder.rglob("*.py"))]
        found: dict[str, Path] = {}
        while waiting:
            for name in self._with_parents(waiting.pop()):
                path = self._file(name)
                if path is not None and name not in found:
                    found[name] = path
                    waiting.extend(self._imported(path))
        return dict(sorted(found.items()))

    def _imported(self, path: Path) -> Iterator[str]:
        """Yield the modules that a file imports; for an imported name, the module defining it."""
        for source, name in read_imports(path.read_text()):
            yield from self._defining(source, name)

    def _defining(self, module: str, name: str | None) -> list[str]:
        """Return the module that defines `name`, through packages that only pass it on."""
        if name is not None and self._file(f"{module}.{name}"):
            module, name = f"{module}.{name}", None
        passed = self._passed_on(module)
        if passed is None:
            return [module]
        if name in passed:
            return self._defining(*passed[name])
        # The package itself is imported, or `*`: any of its names may be used.
        return [module, *(found for one in passed.values() for found in self._defining(*one))]

    def _with_parents(self, module: str) -> list[str]:
        """Return a module, and the packages above it whose `__init__.py` does something.

        The root's `__init__.py` is left out: it is the public API, and no stage imports from it.
        """
        parts = module.split(".")
        parents = [".".join(parts[:length]) for length in range(2, len(parts))]
        return [*(one for one in parents if self._passed_on(one) is None), module]

    def _passed_on(self, module: str) -> dict[str, Found] | None:
        """Return what an `__init__.py` passes on, see `passed_on`; None for another module."""
        if module not in self._passed:
            path = self._file(module)
            package = path is not None and path.name == "__init__.py"
            self._passed[module] = passed_on(path.read_text()) if path and package else None
        return self._passed[module]

    def _file(self, module: str) -> Path | None:
        """Return the file of a module, None if there is no such module."""
        if module not in self._files:
            path = self._package.joinpath(*module.split(".")[1:])
            found = (path / "__init__.py", path.with_suffix(".py"))
            self._files[module] = next((one for one in found if one.is_file()), None)
        return self._files[module]

    def _module_of(self, path: Path) -> str:
        inside = path.relative_to(self._package).with_suffix("")
        parts = inside.parts[:-1] if inside.name == "__init__" else inside.parts
        return ".".join(("mdlc", *parts))


def read_imports(source: str) -> list[Found]:
    """Return what Python source imports of mdlc.

    >>> read_imports("from mdlc.core.files import Document, digest_path as d")
    [('mdlc.core.files', 'Document'), ('mdlc.core.files', 'digest_path')]
    >>> read_imports("import mdlc.core.errors as e")
    [('mdlc.core.errors', None)]
    """
    found: list[Found] = []
    for match in IMPORT.finditer(source):
        if match["modules"]:
            found += [(part.split()[0], None) for part in match["modules"].split(",")]
            continue
        names = COMMENT.sub("", match["names"]).strip("() \t\n")
        found += [(match["source"], name.split()[0]) for name in names.split(",") if name.strip()]
    return found


def passed_on(source: str) -> dict[str, Found] | None:
    """Return what a module only passes on: name -> where it is from; None if it does more.

    >>> passed_on("from mdlc.core.spec.load import load")
    {'load': ('mdlc.core.spec.load', 'load')}
    >>> passed_on("from mdlc.core.spec.load import load\\nload.cache_clear()")
    """
    passed: dict[str, Found] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mdlc."):
            passed |= {a.asname or a.name: (str(node.module), a.name) for a in node.names}
        elif not (_is_docstring(node) or _is_list_of_names(node) or _is_future(node)):
            return None
    return passed


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_list_of_names(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
