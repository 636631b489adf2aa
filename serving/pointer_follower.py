"""Polls the pointer file, so that a new release is served without a request to load it."""

from __future__ import annotations

import asyncio
import logging

from mdlc.services.json_logs import log, reduced
from mdlc.services.refusals import Refusal
from mdlc.serving.model_repository import PointerRepository


async def follow(repository: PointerRepository, *, seconds: float) -> None:
    """Refresh `repository` every `seconds`, until cancelled; no error ends it.

    The repository logs a model that does not load. Any other error (no pointer file) is logged
    once, and again only after a successful look in between.
    """
    last: dict[str, str] = {}
    while True:
        await asyncio.sleep(seconds)
        try:
            await repository.refresh()
        except Refusal:
            last = {}
        except Exception as error:
            if (found := reduced(error)) != last:
                log("poll_failed", level=logging.ERROR, **found)
            last = found
        else:
            last = {}
