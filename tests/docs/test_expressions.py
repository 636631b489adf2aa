"""docs/expressions.md lists exactly the functions that an expression may call."""

from __future__ import annotations

import re
from pathlib import Path

from mdlc.core.sql_functions import GROUPS

PAGE = Path(__file__).parents[2] / "docs/expressions.md"


def test_the_page_lists_every_function_in_its_group() -> None:
    rows = re.findall(r"^\| ([^|`]+) \| (`.*) \|$", PAGE.read_text(), re.MULTILINE)
    listed = {
        group: set(re.findall(r"`(\w+)`", re.split(r"\. (?=Besides|Each)", names)[0]))
        for group, names in rows
    }
    assert listed == {group: set(names) for group, names in GROUPS.items()}
