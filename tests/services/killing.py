"""The real mdlc, in a process that kills itself at a named step: `python -m ... STEP VERB ...`.

Times that a test would wait for are short here. Nothing in mdlc knows of this module.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from mdlc.cli.main import main
from mdlc.life import releases, retraining_attempt
from mdlc.life.progress import SilentProgress
from mdlc.retraining.ledger import Ledger
from mdlc.trigger import run_follower
from mdlc.trigger.backends import child_process
from mdlc.trigger.backends.local_backend import LocalBackend

TRIGGER = (
    "before-decide",
    "after-decide",
    "after-claim",
    "after-start",
    "before-finish",
    "after-finish",
)
CHILD = ("mid-pipeline", "after-intent", "after-pointer", "after-release", "after-report")
"""Steps of the run's own process, at which it kills the trigger."""


def die(*_: Any, **__: Any) -> None:
    """End this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_with_trigger(*_: Any, **__: Any) -> None:
    """Kill the trigger; this child of it has to die of that."""
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(30)
    os._exit(3)  # it did not: the run would go on without anybody


def before(owner: Any, name: str, kill: Callable[..., None]) -> None:
    """Kill when `name` is called."""
    setattr(owner, name, kill)


def at_training(kill: Callable[..., None]) -> Callable[..., None]:
    """Return a Silent.stage that kills when training begins."""

    def stage(_self: SilentProgress, stage: str, *_: Any) -> None:
        if stage == "training":
            kill()

    return stage


def after(owner: Any, name: str, kill: Callable[..., None], *, whatever: bool = False) -> None:
    """Kill when `name` has returned something, or `whatever`."""
    original = getattr(owner, name)

    def patched(*args: Any, **kwargs: Any) -> Any:
        made = original(*args, **kwargs)
        if whatever or made is not None:
            kill()
        return made

    setattr(owner, name, patched)


def patch(step: str) -> None:
    """Arrange for death at `step`."""
    if step == "before-decide":
        before(Ledger, "decide", die)
    elif step in {"after-decide", "after-claim"}:
        after(Ledger, step.removeprefix("after-"), die)
    elif step == "after-start":
        after(LocalBackend, "start", die)
    elif step == "before-finish":
        before(Ledger, "finish", die)
    elif step == "after-finish":
        after(Ledger, "finish", die)
    elif step == "mid-pipeline":
        before(SilentProgress, "stage", at_training(die_with_trigger))
    elif step == "after-intent":
        before(retraining_attempt, "fulfil", die_with_trigger)
    elif step == "after-pointer":
        after(releases, "write_document", die_with_trigger, whatever=True)
    elif step == "after-release":
        after(child_process, "carry_out", die_with_trigger)
    elif step == "after-report":
        after(child_process, "attempt", die_with_trigger)
    elif step == "child-once":
        before(SilentProgress, "stage", at_training(die))


def run(step: str) -> None:
    """Run mdlc with the rest of the command line."""
    run_follower.LEASE = timedelta(seconds=3)
    run_follower.FollowTerms.__init__.__defaults__ = (10.0, timedelta(seconds=1))
    original = LocalBackend.command

    def command(self: LocalBackend, id: str) -> list[str]:
        first = not list((self._place.folder / "trigger" / id).glob("attempt-2.log"))
        named = step if step in CHILD or (step == "child-once" and first) else "none"
        _, _, _, *rest = original(self, id)
        return [sys.executable, "-m", "tests.services.killing", named, *rest]

    LocalBackend.command = command  # type: ignore[method-assign]
    if not (step in CHILD and sys.argv[2] == "trigger"):
        patch(step)
    del sys.argv[1]
    main()


if __name__ == "__main__":
    run(sys.argv[1])
