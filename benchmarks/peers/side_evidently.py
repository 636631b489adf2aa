"""Evidently's side: its data drift preset with the population stability index."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from clocked import milliseconds, peak_mib, tell

folder = Path(sys.argv[1])


def load() -> Any:
    """Import what is needed."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    return pd, DataDefinition, Dataset, Report, DataDriftPreset


imported, (pd, DataDefinition, Dataset, Report, DataDriftPreset) = milliseconds(load)


def judged(reference: Any, window: Any) -> dict[str, float]:
    """Return column -> index."""
    texts = [name for name in reference if reference[name].dtype == object]
    numbers = [name for name in reference if name not in texts]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    sides = [Dataset.from_pandas(side, definition) for side in (window, reference)]
    found = Report([DataDriftPreset(method="psi")]).run(*sides).dict()
    return {
        metric["config"]["column"]: float(metric["value"])
        for metric in found["metrics"]
        if metric["metric_name"].startswith("ValueDrift")
    }


reference, window = (pd.read_parquet(folder / f"{n}.parquet") for n in ("reference", "window"))
before = peak_mib()
first, values = milliseconds(lambda: judged(reference, window))
again, _ = milliseconds(lambda: judged(reference, window))
peak = peak_mib()
binned = [pd.read_parquet(folder / f"{n}-binned.parquet") for n in ("reference", "window")]
tell(
    imported=imported,
    first=first,
    again=again,
    values=values,
    same_bins=judged(*binned),
    version=metadata.version("evidently"),
    before=before,
    peak=peak,
)
