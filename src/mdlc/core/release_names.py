"""Names in documents that lead to a bundle: nobody who writes one climbs out of its folder."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator

from mdlc.core.errors import shortened


def _inside(text: str) -> str:
    if not text or text.startswith("/") or "\\" in text or "\x00" in text:
        raise ValueError(f"{shortened(text, 80)!r} is not a folder below the pointer's own")
    if ".." in PurePosixPath(text).parts:
        raise ValueError(f"{shortened(text, 80)!r} leads out of the pointer's folder")
    return text


def _single(text: str) -> str:
    if text in {".", ".."} or {"/", "\\", "\x00"} & set(text):
        raise ValueError(f"{shortened(text, 80)!r} is not the name of a version")
    return text


Inside = Annotated[str, AfterValidator(_inside)]
"""A folder relative to the document; it cannot climb out of the document's own folder."""
Version = Annotated[str, AfterValidator(_single)]
"""Names a folder below models/, so it is one step and no way out."""
