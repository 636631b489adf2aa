"""What every step of a pipeline does around its stage: errors as one line, wherever it runs."""

from __future__ import annotations

import contextlib
import errno
import sys
from collections.abc import Iterator

from mdlc.core.errors import MARK, MdlcError, StageError, StorageError
from mdlc.core.masking import described, trace

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
    text = str(error)
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    if full or "No space left on device" in text:
        return StorageError(
            f"{stage}: the disk is full",
            hint="free space, then run again: finished stages are kept",
        )
    if isinstance(error, MemoryError):
        return StageError(f"{stage}: out of memory", hint="use fewer rows or a larger machine")
    return StageError(f"{stage}: {described(error)}", hint="see its log with -v")
