"""The real command meets files, artifacts and URLs of somebody who means ill: a line, a code."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests import tiny
from tests.services.test_bad_input import borrowed, error_of, lived

__all__ = ["lived"]
pytestmark = pytest.mark.slow
CANARY = "PIICANARY"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("label_time: known}", "label_time: known, derive: {leak: \"(SELECT max(content) FROM read_text('/etc/hostname'))\"}}", "read_text"),  # noqa: E501
        ("label_time: known}", "label_time: known, where: \"(WITH RECURSIVE q AS (SELECT 1 UNION ALL SELECT * FROM q) SELECT true FROM q)\"}", "no subqueries"),  # noqa: E501
        ("label_time: known}", "label_time: known, derive: {leak: \"getenv('HOME')\"}}", "getenv"),
        ("csv: rows.csv", "csv: /proc/self/pagemap", "made up by the kernel"),
        ("csv: rows.csv", "csv: /etc/passwd", "outside of the file's folder"),
        ("csv: rows.csv", "csv: ../*/rows.csv", "outside of the file's folder"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused_by_every_verb_that_reads_it(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    tiny.write_rows(tmp_path / "rows.csv", days=2)
    file = tiny.write_file(tmp_path, (old, new))
    lines = {error_of(tiny.mdlc(verb, file), 3) for verb in ("validate", "plan", "run")}
    assert len(lines) == 1
    assert says in lines.pop()
    assert not list(tmp_path.rglob("*.parquet"))


def test_no_value_of_a_sensitive_column_is_in_what_a_failed_run_leaves(tmp_path: Path) -> None:
    secret = {"name": lambda *_: CANARY + "-0"}
    tiny.write_rows(tmp_path / "rows.csv", extra=secret)
    file = tiny.write_file(
        tmp_path,
        ("identifiers: [id]", "identifiers: [id]\n    sensitive: [name]"),
        ("label_time: known}", "label_time: known, derive: {age: CAST(name AS INTEGER)}}"),
    )
    ended = tiny.mdlc("run", file, "-v")
    assert ended.returncode == 4
    assert "Could not convert string '...' to INT32" in ended.stderr
    assert CANARY not in ended.stdout + ended.stderr
    kept = [path for path in (tmp_path / ".mdlc").rglob("*") if path.suffix in {".json", ".log"}]
    assert kept
    assert [path for path in kept if CANARY in path.read_text()] == []


def end_of(ended: subprocess.CompletedProcess[str], code: int) -> str:
    """Return all that was said, of which the last line is the error."""
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("error: ")
    return ended.stdout + ended.stderr


def test_an_altered_champion_ends_with_5_wherever_it_is_opened(lived: Path) -> None:
    with borrowed(lived) as folder:
        manifest = folder / ".mdlc/tiny/models/1/manifest.json"
        document = json.loads(manifest.read_text())
        document["classes"].reverse()
        manifest.unlink()
        manifest.write_text(json.dumps(document))
        (folder / "rows.json").write_text('[{"x": 1, "y": 1, "group": "a"}]')
        file = folder / "lifecycle.yaml"
        for verb in (
            ("predict", file, "--rows", folder / "rows.json"),
            ("run", file),
            ("run", file, "--force"),
            ("serve", file, "--port", "0"),
            ("status", file),
        ):
            assert "altered" in end_of(tiny.mdlc(*verb), 5), verb


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u@127.0.0.1:1/db?password=SECRET",
        "postgresql://u:SECRET@127.0.0.1:1/db",
        "postgresql://u:SECRET@127.0.0.1:port/db?password=SECRET",
        "nothing://SECRET@x",
    ],
)
def test_no_password_of_a_database_is_shown(lived: Path, url: str) -> None:
    with borrowed(lived) as folder:
        file = folder / "lifecycle.yaml"
        ended = tiny.mdlc("serve", file, "--port", "0", MDLC_STORE_URL=url)
        assert "SECRET" not in end_of(ended, 10)
        ended = tiny.mdlc("status", file, MDLC_LEDGER_URL=url)
        assert "SECRET" not in error_of(ended, 9)
