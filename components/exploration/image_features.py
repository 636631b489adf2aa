"""Image features: the mean image, brightness, and a few examples. Rows stream by in batches.

The table holds images as `columns.read_table` hands them to models: already divided by their scale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mdlc.components.exploration import histograms
from mdlc.core.columns import SPLIT, TARGET, Feature
from mdlc.core.documents.exploration_findings import ImageColumn
from mdlc.core.errors import DataError

EXAMPLES = 20
CANDIDATES = 2
"""Examples collected for each class before some are chosen, so that each class is shown."""
BATCH_NUMBERS = 4_000_000
"""Numbers in memory at a time (32 MB)."""

Images = npt.NDArray[np.float64]


def describe(path: Path, feature: Feature, *, hidden: bool) -> ImageColumn:
    """Describe an image feature of the training rows of the table at `path`.

    `hidden` (a sensitive column) leaves the examples out: each is one row's value.

    Raises:
        DataError: an image has another number of values than its shape.
    """
    height, width, channels = feature.shape or (0, 0, 0)
    total, rows = np.zeros((height, width)), 0
    brightness: list[npt.NDArray[np.float32]] = []
    seen: dict[str, list[Images]] = defaultdict(list)
    for images, labels in _batches(path, feature):
        # One number a row is kept: nothing beside the images themselves.
        brightness.append(images.mean(axis=(1, 2, 3)).astype(np.float32))
        total += images.mean(axis=3).sum(axis=0)
        rows += len(images)
        for label in np.unique(labels)[:EXAMPLES]:
            wanted = max(CANDIDATES, EXAMPLES) - len(seen[label])
            seen[label].extend(images[labels == label][: max(0, wanted)].mean(axis=3))
    edges, counts = histograms.of_array(np.concatenate(brightness) if brightness else np.empty(0))
    return ImageColumn(
        name=feature.name,
        rows=rows,
        shape=(height, width, channels),
        mean_image=_picture(total / max(rows, 1)),
        brightness_edges=edges,
        brightness_counts=counts,
        examples=[] if hidden else _deal(seen),
    )


def _batches(path: Path, feature: Feature) -> Iterator[tuple[Images, npt.NDArray[np.str_]]]:
    """Yield images (rows, height, width, channels) in 0 to 1, and their labels (rows,)."""
    from pyarrow import dataset

    shape = feature.shape or (0, 0, 0)
    rows = max(1, BATCH_NUMBERS // max(1, int(np.prod(shape))))
    scanner = dataset.dataset(path).scanner(
        columns=[feature.name, TARGET],
        filter=dataset.field(SPLIT) == "train",
        batch_size=rows,
        batch_readahead=2,
    )
    for batch in scanner.to_batches():
        known = batch.filter(dataset.field(feature.name).is_valid())
        if known.num_rows:
            flat = known.column(0).flatten().to_numpy(zero_copy_only=False)
            yield _shaped(flat, feature, known.num_rows), _labels(known.column(1))


def _shaped(flat: npt.NDArray[Any], feature: Feature, rows: int) -> Images:
    shape = feature.shape or (0, 0, 0)
    if len(flat) != rows * int(np.prod(shape)):
        raise DataError(
            f"feature {feature.name}: an image has {np.prod(shape)} numbers, shape {list(shape)}; "
            f"got {len(flat)} numbers in {rows} images"
        )
    images = flat.astype(float).reshape(rows, *shape)
    if not np.isfinite(images).all():
        raise DataError(f"feature {feature.name}: an image has a value that is not finite")
    return images


def _labels(column: Any) -> npt.NDArray[np.str_]:
    return np.array([f"{v:g}" if isinstance(v, float) else str(v) for v in column.to_pylist()])


def _deal(seen: dict[str, list[Images]]) -> list[tuple[str, list[list[float]]]]:
    """Choose examples, one of each label in turn, until there are enough."""
    turns = max((len(images) for images in seen.values()), default=0)
    dealt = [
        (label, _picture(seen[label][turn]))
        for turn in range(turns)
        for label in sorted(seen)
        if turn < len(seen[label])
    ]
    return dealt[:EXAMPLES]


def _picture(image: Images) -> list[list[float]]:
    rounded: list[list[float]] = np.round(image, 4).tolist()
    return rounded
