"""What every step of a pipeline does around its stage: errors as one line, wherever it runs."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator

from pydantic import ValidationError

from mdlc.core.errors import MARK, MdlcError, SpecError, StageError, StorageError
from mdlc.core.files import disk_full
from mdlc.core.masking import described, trace
from mdlc.core.spec.base import RuleError, first_problem, problem_text

STEP_IMAGE = "mdlc-steps:0.1.0"
"""Image of every step, as `TAG=0.1.0 make images` names it: mdlc and kfp are inside, nothing is
installed at run time."""


@contextlib.contextmanager
def reporting(stage: str) -> Iterator[None]:
    """Turn any error of the block into a line that starts with MARK, and the exit code it means.

    The line is found again in the step's log, by the local runner and by a log query on a cluster;
    the traceback stands above it.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, MdlcError):
            sys.stderr.write(trace(error))
        known = explain(error, stage=stage)
        sys.stdout.flush()
        sys.stderr.write(f"{MARK}{known.to_json()}\n")
        sys.stderr.flush()
        raise SystemExit(known.exit_code) from error


def explain(error: Exception, *, stage: str) -> MdlcError:
    """Return `error` as one of ours: a full disk and exhausted memory have names of their own."""
    if isinstance(error, MdlcError):
        return error
    if isinstance(error, ValidationError):
        # The file was right where it was read: this machine lacks what the file names.
        problem = first_problem(error)
        broken = problem.get("ctx", {}).get("error")
        at = (*problem["loc"], *(broken.at if isinstance(broken, RuleError) else ()))
        return SpecError(f"{stage}: {'.'.join(map(str, at))}: {problem_text(problem)}")
    text = str(error)
    # DuckDB's and TensorFlow's errors have no code: of a full disk they keep the system's words.
    if disk_full(error) or os.strerror(errno.ENOSPC) in text:
        return StorageError(
            f"{stage}: the disk is full",
            hint="free space, then run again: finished stages are kept",
        )
    if isinstance(error, MemoryError):
        return StageError(f"{stage}: out of memory", hint="use fewer rows or a larger machine")
    return StageError(f"{stage}: {described(error)}", hint="see its log with -v")
