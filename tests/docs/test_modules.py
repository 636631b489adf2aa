"""A module that a package's docstring or README lists is there: moves leave no old names behind."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("components", "monitoring", "pipelines", "serving", "src/mdlc")
LISTED = re.compile(r"^ {4,}(?:-> )?(?P<names>\w+(?:, \w+)*)(?: {2,}|,?$)", re.MULTILINE)
"""A line of a package's docstring such as `      -> row_stream    the rows to live through`."""


def packages() -> list[Path]:
    return sorted(
        path
        for room in ROOMS
        for path in (ROOT / room).rglob("__init__.py")
        # Links in src lead to the rooms, which are listed by themselves.
        if not any(parent.is_symlink() for parent in path.parents)
    )


def listed_in_docstring(package: Path) -> set[str]:
    text = ast.get_docstring(ast.parse(package.read_text())) or ""
    found = set()
    for match in LISTED.finditer(text):
        found |= set(match["names"].split(", "))
    return found


def tables(page: Path) -> Iterator[str]:
    """Return the names in the first column of each table of modules."""
    inside = False
    for line in page.read_text().splitlines():
        inside = line.startswith("|") and (inside or line.startswith("| module "))
        if inside:
            yield from re.findall(r"`([^`]+)`", line.split("|")[1])


def exists(folder: Path, name: str) -> bool:
    path = folder / name.rstrip("/")
    return path.is_dir() or bool(list(path.parent.glob(f"{path.name}.py")))


@pytest.mark.parametrize("package", packages(), ids=lambda path: path.parent.name)
def test_a_package_lists_modules_that_it_has(package: Path) -> None:
    assert {n for n in listed_in_docstring(package) if not exists(package.parent, n)} == set()


def test_packages_with_several_modules_do_list_them() -> None:
    assert len([one for one in packages() if len(listed_in_docstring(one)) > 2]) > 10


@pytest.mark.parametrize("page", ["monitoring/README.md", "components/exploration/README.md"])
def test_a_table_of_modules_has_those_that_are_there(page: str) -> None:
    names = set(tables(ROOT / page))
    assert len(names) > 5
    assert {name for name in names if not exists((ROOT / page).parent, name)} == set()
