"""Image features: the mean image, examples, brightness."""

from __future__ import annotations

import base64
import struct
import zlib
from itertools import pairwise

from mdlc.core.documents.exploration_findings import ImageColumn
from mdlc.monitoring.report import plots
from mdlc.monitoring.report.page_parts import Block, Pictures, Plot

SIDE = 64
"""Largest side of an image in pixels; larger images are scaled down to keep the report small."""


def blocks_of(image: ImageColumn) -> list[Block]:
    """Return the pictures and the brightness of one image feature."""
    import plotly.graph_objects as go

    items = [("mean of all", png(image.mean_image))]
    items += [(label, png(pixels)) for label, pixels in image.examples]
    height, width, channels = image.shape
    caption = (
        f"{image.rows:,} images of {height} × {width} pixels and {channels} channel(s): "
        "the mean, then examples with their labels; a wrong label is worth finding here."
    )
    edges = image.brightness_edges
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    bars = go.Bar(
        x=middles,
        y=image.brightness_counts,
        marker={"color": plots.BLUE},
        hovertemplate="%{x:.2f}: %{y:,}<extra></extra>",
    )
    made = plots.figure([bars], height=240, bargap=0.06)
    made.update_xaxes(title_text="mean brightness, 0 black to 1 white")
    made.update_yaxes(title_text="images")
    told = "A bar far from the others is a group of images taken in another way."
    return [
        Pictures(f"Images: {image.name}", items, caption),
        Plot(f"Brightness of {image.name}", made, told),
    ]


def png(pixels: list[list[float]]) -> str:
    """Return grey pixels (height, width) in 0 to 1 as the data URI of a PNG (RFC 2083)."""
    step = max(1, -(-max(len(pixels), len(pixels[0])) // SIDE))
    kept = [row[::step] for row in pixels[::step]]
    lines = b"".join(b"\0" + bytes(_grey(value) for value in row) for row in kept)
    header = struct.pack(">IIBBBBB", len(kept[0]), len(kept), 8, 0, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(name, part)
        for name, part in ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    )
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def _grey(value: float) -> int:
    return min(255, max(0, round(value * 255))) if value == value else 0  # noqa: PLR0124 - NaN


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )
