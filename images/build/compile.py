"""Compiles what the named modules import, to bytecode that does not depend on the time of the build.

Only what is imported: the root file system is read-only, so a container could not write it, and
bytecode of everything would be a third of the image. Run by the image's own Python.
"""

from __future__ import annotations

import importlib
import py_compile
import sys
from pathlib import Path


def main(names: list[str]) -> None:
    """Import modules, then compile the file of each module that is loaded."""
    for name in names:
        importlib.import_module(name)
    site = Path(sys.prefix).resolve()
    for module in list(sys.modules.values()):
        source = Path(getattr(module, "__file__", None) or "")
        if source.suffix == ".py" and site in source.resolve().parents:
            mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
            py_compile.compile(str(source), doraise=True, invalidation_mode=mode)


if __name__ == "__main__":
    main(sys.argv[1:])
