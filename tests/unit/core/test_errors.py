"""An error is one line, crosses processes as JSON, and its class is its exit code."""

from __future__ import annotations

import pytest

from mdlc.core import errors, steps
from mdlc.core.errors import (
    KilledError,
    MdlcError,
    ServiceError,
    StageError,
    StorageError,
    closest,
    error_classes,
    from_json,
)
from mdlc.kubernetes.api_client import ApiError

DIRECT: list[type[MdlcError]] = [
    kind for kind in error_classes() if kind is MdlcError or MdlcError in kind.__bases__
]


@pytest.mark.parametrize("kind", error_classes())
def test_json_brings_everything_back(kind: type[MdlcError]) -> None:
    error = kind("bad × value\nhere", where="spec.x[1]", hint="do y", file="a.yaml", line=7)
    text = error.to_json()
    again = from_json(text)
    assert "\n" not in text
    assert vars(again) == vars(error)
    assert type(again) is kind


def test_a_class_of_another_module_crosses_as_its_parent() -> None:
    again = from_json(ApiError("no", status=403, hint="ask").to_json())
    assert (type(again), again.hint) == (ServiceError, "ask")


def test_an_unknown_class_becomes_a_stage_error() -> None:
    assert type(from_json('{"type": "KeyError", "message": "x"}')) is StageError


def test_the_signal_crosses_with_the_class() -> None:
    again = from_json(KilledError("training: killed", signal=9, hint="more memory").to_json())
    assert isinstance(again, KilledError)
    assert (again.signal, again.hint, again.exit_code) == (9, "more memory", StageError.exit_code)


def test_a_field_of_a_newer_version_is_left_out() -> None:
    text = '{"type": "DataError", "message": "no rows", "hint": "h", "severity": 3}'
    assert str(from_json(text)) == "no rows; h"


def test_each_class_has_an_exit_code_of_its_own_and_the_tree_shows_it() -> None:
    codes = [kind.exit_code for kind in DIRECT]
    assert len(set(codes)) == len(codes)
    assert 0 not in codes
    for kind in error_classes()[1:]:
        line = next(x for x in (errors.__doc__ or "").splitlines() if f" {kind.__name__} " in x)
        assert f"exit {kind.exit_code} " in line


def test_the_text_has_place_path_message_and_hint_in_this_order() -> None:
    error = MdlcError("m", where="spec.a", hint="h", file="f.yaml", line=3)
    assert str(error) == "f.yaml:3: spec.a: m; h"
    assert str(MdlcError("m", file="f.yaml")) == "f.yaml: m"
    assert str(MdlcError("m")) == "m"


def test_closest_names_one_or_lists_at_most_twelve() -> None:
    assert closest("targt", ["target", "time"]) == "did you mean target?"
    assert closest("x", []) == "none are known"
    assert closest("!", [f"c{i:02d}" for i in range(30)]).endswith("c11, ...")


def test_a_step_ends_with_the_code_and_the_line_of_its_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended, steps.reporting("training"):
        raise OSError(28, "No space left on device")
    assert ended.value.code == StorageError.exit_code
    last = capsys.readouterr().err.splitlines()[-1]
    assert type(from_json(last.removeprefix(errors.MARK))) is StorageError


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (MemoryError(), StageError, "out of memory"),
        (RuntimeError("IO Error: No space left on device"), StorageError, "disk is full"),
        (ValueError("first\nsecond"), StageError, "ValueError: first"),
        (ValueError(), StageError, "no message"),
    ],
)
def test_foreign_errors_get_names(error: Exception, kind: type[MdlcError], says: str) -> None:
    known = steps.explain(error, stage="training")
    assert type(known) is kind
    assert says in str(known)
