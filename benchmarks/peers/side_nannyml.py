"""NannyML's side: its univariate drift, one chunk, fitted on the reference first."""

from __future__ import annotations

import sys
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

from clocked import milliseconds, peak_mib, tell

warnings.simplefilter("ignore")
folder = Path(sys.argv[1])


def load() -> Any:
    """Import what is needed."""
    import nannyml
    import pandas as pd

    return nannyml, pd


imported, (nannyml, pd) = milliseconds(load)
reference, window = (pd.read_parquet(folder / f"{n}.parquet") for n in ("reference", "window"))
texts = [name for name in reference if reference[name].dtype == object]
before = peak_mib()


def fitted(*, numbers: str, categories: str) -> Any:
    """Learn the reference; chunks as large as the window."""
    return nannyml.UnivariateDriftCalculator(
        column_names=list(reference),
        treat_as_categorical=texts,
        continuous_methods=[numbers],
        categorical_methods=[categories],
        chunk_size=len(window),
    ).fit(reference)


found: dict[str, float] = {}
for name, chosen in {
    "jensen_shannon": {"numbers": "jensen_shannon", "categories": "jensen_shannon"},
    "tests": {"numbers": "kolmogorov_smirnov", "categories": "chi2"},
}.items():
    found[f"{name}_fit"], calculator = milliseconds(lambda chosen=chosen: fitted(**chosen))
    found[f"{name}_first"], result = milliseconds(lambda c=calculator: c.calculate(window))
    found[f"{name}_again"], result = milliseconds(lambda c=calculator: c.calculate(window))
    if name == "jensen_shannon":
        table = result.filter(period="analysis").to_df()
        values = {column: float(table[column, name, "value"].iloc[0]) for column in reference}
tell(
    imported=imported,
    **found,
    values=values,
    version=metadata.version("nannyml"),
    before=before,
    peak=peak_mib(),
)
