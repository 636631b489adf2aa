"""Names that hold on every platform mdlc runs on."""

from __future__ import annotations

import re

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?")
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""What Kubernetes takes as the name of a namespace or of a volume."""
COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


def is_label(name: str) -> bool:
    """Say whether `name` is a DNS label short enough for Kubernetes to append suffixes to.

    >>> is_label("flight-delays"), is_label("Flight_Delays"), is_label("-x")
    (True, False, False)
    """
    return LABEL.fullmatch(name) is not None


def is_column(name: str) -> bool:
    """Say whether `name` can be a column, a Prometheus label value and a tensor name unescaped.

    >>> is_column("dep_hour"), is_column("__split"), is_column("a b")
    (True, False, False)
    """
    return COLUMN.fullmatch(name) is not None
