"""Puts the trigger together: which backend, and who looks after canaries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from mdlc.core.errors import MdlcError, closest
from mdlc.life.canary import by_prometheus, step
from mdlc.life.release import current
from mdlc.life.trigger.backends import Backend
from mdlc.life.trigger.backends.local import Local
from mdlc.life.trigger.server import Options, serve
from mdlc.life.trigger.watched import Watched
from mdlc.monitoring.prometheus import Prometheus
from mdlc.serving.logs import log


def start(files: Sequence[Path], *, home: Path | None, backend: str, options: Options) -> None:
    """Run the trigger until it is stopped.

    Raises:
        MdlcError: no such backend; those of `serve`.
    """
    serve(
        files,
        home=home,
        options=options,
        backend=_backend(backend, options=options),
        trials=Trials(options.prometheus),
    )


class Trials:
    """Judges the canary of a lifecycle, if one stands, by what Prometheus counted."""

    def __init__(self, url: str | None) -> None:
        self._prometheus = Prometheus(url) if url else None
        self._said: dict[str, str] = {}

    def __call__(self, watched: Watched) -> None:
        """Look once; promote it or roll it back if that is due.

        Raises:
            MdlcError: a canary stands, and there is no Prometheus to judge it by.
        """
        pointer = current(watched.place)
        if pointer is None or pointer.canary is None:
            return
        if self._prometheus is None:
            raise MdlcError(
                f"version {pointer.canary.version} of {watched.name} is on trial and is not judged",
                hint="give --prometheus, or use mdlc promote or mdlc rollback",
            )
        counts = by_prometheus(self._prometheus, model=watched.name)
        judged = step(watched.place, watched.lifecycle, counts=counts, now=watched.clock())
        said = f"{judged.version} {judged.action}"
        if judged.action != "wait" or self._said.get(watched.name) != said:
            log(
                "canary",
                level=logging.WARNING if judged.action == "roll_back" else logging.INFO,
                model=watched.name,
                version=judged.version,
                action=judged.action,
                why=judged.why,
            )
        self._said[watched.name] = said


def _backend(name: str, *, options: Options) -> Callable[[Watched], Backend]:
    secrets = {options.token_env} if options.token_env else set()

    def local(watched: Watched) -> Backend:
        return Local(watched.file, place=watched.place, secrets=secrets)

    known = {"local": local}
    if name not in known:
        raise MdlcError(f"no backend {name}", hint=closest(name, known))
    return known[name]
