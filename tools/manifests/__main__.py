"""`python -m tools.manifests [FOLDER...]`: build and check overlays; exit 1 if one is refused."""

from __future__ import annotations

import sys
from pathlib import Path

from . import check
from .build import BuildError, build

ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> int:
    """Check the folders named, or all overlays; say what was found."""
    folders = [Path(a) for a in arguments] or sorted((ROOT / "manifests/overlays").iterdir())
    refused = 0
    for folder in folders:
        try:
            objects = build(folder)
        except BuildError as error:
            refused += 1
            sys.stdout.write(f"{folder}: does not build: {error}\n")
            continue
        findings = list(check.findings(objects))
        refused += bool(findings)
        for finding in findings:
            sys.stdout.write(f"{folder}: {finding}\n")
        sys.stdout.write(f"{folder}: {len(objects)} objects, {len(findings)} findings\n")
    for line in check.left_out():
        sys.stdout.write(f"{line}\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
