"""Durations survive being written; digests know what but not in which order."""

from __future__ import annotations

import random
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mdlc.core.files import digest_json, digest_path
from mdlc.core.spec.base import format_duration, parse_duration

DURATIONS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36_500))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(DURATIONS)
def test_a_duration_is_read_as_it_was_written(value: timedelta) -> None:
    assert parse_duration(format_duration(value)) == value


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from("smhdw")), min_size=1, max_size=4))
def test_parts_add_up(parts: list[tuple[int, str]]) -> None:
    whole = parse_duration("".join(f"{count}{unit}" for count, unit in parts))
    assert whole == sum((parse_duration(f"{c}{u}") for c, u in parts), timedelta())


def shuffled(value: Any, seed: int) -> Any:
    if isinstance(value, dict):
        items = [(key, shuffled(inner, seed)) for key, inner in value.items()]
        random.Random(seed).shuffle(items)
        return dict(items)
    return [shuffled(inner, seed) for inner in value] if isinstance(value, list) else value


@given(JSON, st.integers(0, 99))
def test_the_digest_of_json_does_not_know_the_order_of_keys(value: Any, seed: int) -> None:
    assert digest_json(shuffled(value, seed)) == digest_json(value)


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.binary(max_size=3), max_size=4),
    st.randoms(),
)
def test_the_digest_of_a_folder_does_not_know_the_order_of_writing(
    contents: dict[str, bytes], dice: random.Random
) -> None:
    digests = set()
    for _ in range(2):
        names = list(contents)
        dice.shuffle(names)
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                (Path(folder) / name).write_bytes(contents[name])
            digests.add(digest_path(Path(folder)))
    assert len(digests) == 1
