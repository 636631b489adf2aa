"""Tables that strangers would bring: public data sets, from packages that ship them, as CSV files.

    python -m tools.data_sets FOLDER [NAME ...]

Each is written as its own users have it: pandas' CSV for scikit-learn's, the packages' own files
for the others. Nothing is renamed or cleaned, for that is what is to be tried.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.resources
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DataSet:
    """A table to be tried: how its file comes to be, and the column to predict."""

    target: str
    write: Callable[[Path], object]
    """Writes the CSV file at a path."""


def _sklearn(name: str) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        from sklearn import datasets

        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        frame.to_csv(path, index=False)

    return write


def _shipped(package: str, file: str) -> Callable[[Path], object]:
    """Read a file that an installed package ships."""

    def write(path: Path) -> None:
        source = Path(str(importlib.resources.files(package))) / file
        if source.suffix == ".gz":
            path.write_bytes(gzip.decompress(source.read_bytes()))
        elif source.suffix == ".zip":
            with zipfile.ZipFile(source) as archive:
                (member,) = archive.namelist()
                path.write_bytes(archive.read(member))
        else:
            path.write_bytes(source.read_bytes())

    return write


def _wide(path: Path) -> None:
    """Write 500 rows of 2,000 numbers, of which three decide."""
    import numpy as np

    random = np.random.default_rng(0)
    values = random.normal(size=(500, 2000)).round(4)
    answer = values[:, :3].sum(axis=1) + random.normal(size=500) > 0
    head = ",".join([*(f"x{number}" for number in range(2000)), "answer"])
    lines = [
        ",".join([*map(str, row), "yes" if good else "no"])
        for row, good in zip(values.tolist(), answer.tolist(), strict=True)
    ]
    path.write_text("\n".join([head, *lines]) + "\n")


DATA_SETS: dict[str, DataSet] = {
    "wine": DataSet("target", _sklearn("wine")),
    "iris": DataSet("target", _sklearn("iris")),
    "breast_cancer": DataSet("target", _sklearn("breast_cancer")),
    "diabetes": DataSet("target", _sklearn("diabetes")),
    "seattle_weather": DataSet("weather", _shipped("vega_datasets", "_data/seattle-weather.csv")),
    "phishing": DataSet("is_phishing", _shipped("river", "datasets/phishing.csv.gz")),
    "segment": DataSet("category", _shipped("river", "datasets/segment.csv.zip")),
    "shuttle": DataSet("anomaly", _shipped("river", "datasets/shuttle.csv.gz")),
    "wide": DataSet("answer", _wide),
}


def main() -> None:
    """Write the data sets that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(DATA_SETS)}")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.names or DATA_SETS:
        DATA_SETS[name].write(options.folder / f"{name}.csv")


if __name__ == "__main__":
    main()
