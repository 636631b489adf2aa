"""What is written reads back as what was meant, by readers of YAML 1.1 and 1.2."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from mdlc.core.errors import SpecError
from mdlc.monitoring.render.yaml_text import duration, to_yaml

TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=30
)
PLAIN = st.recursive(
    TEXTS
    | st.booleans()
    | st.integers()
    | st.sampled_from(["on", "12:30", "0o7", "1e3", "=", "~"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_yaml_reads_back(value: object) -> None:
    written = to_yaml({"value": value}, head="two\nlines")
    assert yaml.safe_load(written) == {"value": value}
    assert YAML(typ="safe", pure=True).load(written) == {"value": value}
    assert to_yaml({"value": value}, head="two\nlines") == written


def test_text_of_several_lines_is_a_block_and_words_stay_bare() -> None:
    written = to_yaml({"a": "one\ntwo\n", "b": "sum by (x) (y)", "c": "no"}).decode()
    assert written == 'a: |\n  one\n  two\nb: sum by (x) (y)\nc: "no"\n'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (timedelta(days=28), "28d"),
        (timedelta(hours=36), "36h"),
        (timedelta(minutes=90), "90m"),
        (timedelta(seconds=90), "90s"),
        (timedelta(seconds=1.5), "1500ms"),
    ],
)
def test_durations_are_those_of_prometheus(value: timedelta, written: str) -> None:
    assert duration(value) == written


def test_no_time_is_no_duration() -> None:
    with pytest.raises(SpecError, match=r"spec\.monitor\.scrape: Prometheus needs"):
        duration(timedelta(), where="spec.monitor.scrape")
