"""Follows the pointer file: a new release serves without a call of load."""

from __future__ import annotations

import asyncio
import logging

from mdlc.services.json_logs import log, reduced
from mdlc.services.refusals import Refusal
from mdlc.serving.model_repository import PointerRepository


async def follow(repository: PointerRepository, *, seconds: float) -> None:
    """Refresh `repository` every `seconds`, until cancelled; no error ends it.

    What does not load is logged by the repository. Another error (no pointer file) is logged once,
    and again only if a look in between went well.
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
