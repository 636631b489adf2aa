"""What the parser makes of hostile, odd and merely JSON-like files: a document, or one line."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from mdlc.core.errors import SpecError
from mdlc.core.spec import load
from mdlc.core.spec.parse import parse
from tests.corpus import documents, strings
from tests.unit.core.spec_text import TEXT


def read(folder: Path, content: bytes | str):
    path = folder / "lifecycle.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return parse(path)


def said(folder: Path, content: bytes | str) -> SpecError:
    """Return the refusal by the whole reader: one short line, in a second."""
    path = folder / "lifecycle.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    started = time.monotonic()
    with pytest.raises(SpecError) as caught:
        load(path)
    assert time.monotonic() - started < 10
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 3_000
    str(caught.value).encode()
    return caught.value


def laughs(levels: int, *, each: int = 9, leaf: str = "[l, l]") -> str:
    parts = [f"&a0 {leaf}"]
    for level in range(1, levels):
        parts.append(f"&a{level} [{', '.join([f'*a{level - 1}'] * each)}]")
    return f"[{', '.join(parts)}]"


@pytest.mark.parametrize("levels", [9, 12, 40])
@pytest.mark.parametrize(
    "place",
    [
        "    problem: {bomb}\n",
        "    currency: {bomb}\n",
        "    goals: {bomb}\n",
        "    {bomb}: 1\n",
    ],
)
def test_aliases_that_unfold_to_millions_are_one_line(
    tmp_path: Path, levels: int, place: str
) -> None:
    added = place.replace("{bomb}", laughs(levels))
    error = said(tmp_path, TEXT.replace("  business:\n", f"  business:\n{added}"))
    assert "unfold" in str(error) or "not YAML" in str(error)


def test_aliases_in_durations_and_maps_and_merges_are_one_line(tmp_path: Path) -> None:
    bomb = laughs(9)
    for old, new in (
        ("window: 7d", f"window: {bomb}"),
        ("name: small", f"name: {bomb}"),
        ("trials: 2", f"trials: {bomb}"),
    ):
        said(tmp_path, TEXT.replace(old, new))
    chain = "".join(
        f"  x{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}], k{n}: 1}}\n" for n in range(1, 30)
    )
    said(tmp_path, TEXT.replace("metadata:\n", f"metadata:\n  x0: &m0 {{k: 1}}\n{chain}"))


def test_an_alias_used_as_people_use_it_is_fine(tmp_path: Path) -> None:
    text = TEXT.replace("window: 7d", "window: &week 7d\n    warm_up: *week")
    path = tmp_path / "lifecycle.yaml"
    path.write_text(text)
    assert load(path).spec.monitor.warm_up == load(path).spec.monitor.window


def test_a_value_that_is_shown_is_shown_in_part(tmp_path: Path) -> None:
    text = TEXT.replace("trials: 2", f"trials: [{', '.join(['x' * 50] * 4_000)}]")
    error = said(tmp_path, text)
    assert "got [" in str(error)
    assert len(str(error)) < 300


@pytest.mark.parametrize("text", ["&x [*x]", "&x {b: *x}", "&x [[[*x]]]"])
def test_a_value_that_holds_itself_is_refused(tmp_path: Path, text: str) -> None:
    for key in ("problem", "currency", "options"):
        said(tmp_path, TEXT.replace("  business:\n", f"  business:\n    {key}: {text}\n"))


def test_escaped_halves_of_characters_are_one_character(tmp_path: Path) -> None:
    """JSON writes what is beyond 16 bits as two escapes (RFC 8259, section 7)."""
    document = {"a": "\U0001f600", "\U0001f600": ["\U00010000\U0010ffff"]}
    assert read(tmp_path, json.dumps(document)) == document
    assert "\\ud83d" in json.dumps(document)


@pytest.mark.parametrize("text", ['{"a": "\\ud83d"}', '{"\\ude00": 1}', 'a: "\\ude00\\ud83d"'])
def test_half_a_character_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    error = said(tmp_path, "# comment\n" + text)
    assert "half a character" in str(error)
    assert error.line == 2


def test_a_lifecycle_as_json_with_escapes_is_read(tmp_path: Path) -> None:
    from ruamel.yaml import YAML

    document = YAML(typ="safe").load(TEXT)
    document["spec"]["business"]["problem"] = "smile \U0001f600"
    path = tmp_path / "lifecycle.yaml"
    path.write_text(json.dumps(document))
    assert load(path).spec.business.problem == "smile \U0001f600"


@pytest.mark.parametrize("text", documents.JSON_VALID)
def test_valid_json_is_read_as_json_reads_it(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, f'{{"x": {text}}}')["x"] == json.loads(text)


@pytest.mark.parametrize(
    "content",
    [*documents.JSON_INVALID, *documents.YAML_ODD, *(t.encode() for t in documents.JSON_VALID)],
)
def test_whatever_it_is_it_is_read_or_one_line(tmp_path: Path, content: bytes) -> None:
    said(tmp_path, content)


@pytest.mark.parametrize("text", strings.NAUGHTY)
@pytest.mark.parametrize(
    "key", ["name: small", "target: answer", "csv: rows.csv", "column: x", "window: 7d"]
)
def test_any_text_at_any_key_is_taken_or_one_line(tmp_path: Path, text: str, key: str) -> None:
    name = key.partition(":")[0]
    path = tmp_path / "lifecycle.yaml"
    path.write_text(TEXT.replace(key, f"{name}: {json.dumps(text)}"), encoding="utf-8")
    refused = ""
    try:
        load(path)
    except SpecError as error:
        refused = str(error)
    assert refused == "" or refused.isprintable()


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", tmp_path, Path("/dev/zero"), Path("/proc/self/mem")):
        with pytest.raises(SpecError, match=r"cannot read|too many bytes|not a mapping|not UTF-8"):
            load(path)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("target: answer", "target: answer\n    table: {where: \"read_text('/etc/passwd') > ''\"}", "spec.data.table.where"),  # noqa: E501
        ("csv: rows.csv", "csv: rows.csv, derive: {y: \"glob('/*')\"}", "spec.data.sources.rows.derive.y"),  # noqa: E501
        ("csv: rows.csv", "csv: rows.csv, where: (SELECT true)", "spec.data.sources.rows.where"),
        ("column: x, min: 0", "expression: now() > x", "spec.data.checks[0].expression"),
        ("target: answer", "target: answer\n    table: {derive: {seen: t +}}", "spec.data.table.derive.seen"),  # noqa: E501
        ("target: answer", "target: answer\n    table: {derive: {seen: t; DROP x}}", "spec.data.table.derive.seen"),  # noqa: E501
        ("target: answer", "target: answer\n    limits: {timeout: 0s}", "spec.data.limits.timeout"),
        ("target: answer", "target: answer\n    limits: {memory: much}", "spec.data.limits.memory"),
    ],
)  # fmt: skip
def test_an_expression_is_refused_where_it_stands(
    tmp_path: Path, old: str, new: str, where: str
) -> None:
    error = said(tmp_path, TEXT.replace(old, new))
    assert error.where == where
    assert error.line >= TEXT[: TEXT.index(old)].count("\n") + 1


def test_the_file_cannot_widen_what_its_pods_may_read(tmp_path: Path) -> None:
    for text in (
        "env: {MDLC_DATA_ROOTS: /}",
        "env: {MDLC_VERIFY_KEYS: x}",
        "secrets: [{name: s, env: {MDLC_DATA_ROOTS: k}}]",
    ):
        error = said(tmp_path, TEXT.replace("  retrain:", f"  cluster: {{{text}}}\n  retrain:"))
        assert "the cluster's to set" in str(error)
