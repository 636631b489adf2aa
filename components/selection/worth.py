"""Decides, before anything is trained, whether ML can pay at all.

No model can earn more than perfect predictions would. Their gain over doing nothing
is the expected value of perfect information (Raiffa and Schlaifer, Applied Statistical Decision
Theory, 1961); if it is less than the cost of running a model, no model can pay. For classes it
follows from their shares. For numbers, doing nothing is the best constant prediction, and its loss
is the pinball loss at its quantile (Koenker and Bassett, Regression Quantiles, Econometrica 46,
1978).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mdlc.core.columns import SPLIT, TARGET
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.errors import ArtifactError
from mdlc.core.payoff import for_classes, for_numbers
from mdlc.core.spec.business import Business, Payoff

MIN_ROWS = 50
"""With fewer training rows no model is needed: a person can read them sooner than build one."""

MIN_UNLIKE = 10
"""If fewer rows differ from the most frequent answer, the target counts as constant.

A regression needs ten events for each variable (Peduzzi and others, Journal of Clinical
Epidemiology 49, 1996), and has at least one variable. It is a count, not a share, because rare
targets such as fraud may be worth finding.
"""

AGAIN = "prepare the data again"


@dataclass(frozen=True)
class Target:
    """Facts about the target in the training rows."""

    unlike: int
    """Rows that differ from the most frequent answer."""
    gain: float
    """Expected value of perfect information: money per decision over doing nothing."""


def verdict(prepared: Prepared, *, folder: Path, business: Business) -> tuple[bool | None, str]:
    """Return False and the reason if ML cannot pay; else None: evaluation decides by money.

    `folder` is the one that `prepared` was read from.

    Raises:
        ArtifactError: the document or the table lacks the training rows' target.
    """
    rows = prepared.rows.get("train", 0)
    if rows < MIN_ROWS:
        return False, f"There are {rows} training rows; ML needs {MIN_ROWS} at least."
    if business.payoff is None:
        return _unpriced(prepared, rows=rows)
    if prepared.task == "regression":
        target = _numbers(folder / "table.parquet", payoff=business.payoff)
    else:
        target = _classes(prepared, rows=rows, payoff=business.payoff)
    if target.unlike < MIN_UNLIKE:
        return False, _constant(target.unlike, rows=rows)
    if business.decisions_per_year is None:
        return None, (
            f"A model that is always right would earn {target.gain:,.4g} {business.currency} per "
            "decision more than doing nothing. Whether a real model beats the rule is open until "
            "both are measured."
        )
    gain, cost = target.gain * business.decisions_per_year, business.running_cost
    bound = (
        f"A model that is always right would earn {gain:,.0f} {business.currency} a year more than "
        f"doing nothing; running a model costs {cost:,.0f}"
    )
    if gain <= cost:
        return False, f"{bound}: ML cannot pay."
    return None, f"{bound}. Whether a real model beats the rule is open until both are measured."


def _unpriced(prepared: Prepared, *, rows: int) -> tuple[bool | None, str]:
    """Return what can be said where nobody said what a decision is worth."""
    shares = prepared.target_by_split.get("train", {})
    if prepared.task != "regression" and shares:
        unlike = round(rows * (1 - max(shares.values())))
        if unlike < MIN_UNLIKE:
            return False, _constant(unlike, rows=rows)
    return None, (
        "The file does not say what a decision is worth. Whether a model beats the rule is open "
        "until both are scored."
    )


def _constant(unlike: int, *, rows: int) -> str:
    return (
        f"The target is almost constant: {unlike} of {rows:,} training rows differ from "
        f"the most frequent answer; ML needs {MIN_UNLIKE} at least."
    )


def _classes(prepared: Prepared, *, rows: int, payoff: Payoff) -> Target:
    known = prepared.target_by_split.get("train")
    if not known:
        raise ArtifactError("prepared.json lacks the training target", hint=AGAIN)
    shares = np.array([known.get(name, 0.0) for name in prepared.classes])
    table = for_classes(payoff, prepared.classes)
    constants = table.expected(shares)
    nothing = constants.max() if table.do_nothing is None else constants[table.do_nothing]
    perfect = shares @ table.money.max(axis=0)
    return Target(
        unlike=round(rows * (1 - float(shares.max()))), gain=max(0.0, float(perfect - nothing))
    )


def _numbers(table: Path, *, payoff: Payoff) -> Target:
    """Query the table, because mean and deviation do not give the loss of a constant."""
    import duckdb

    unit = for_numbers(payoff)
    query = f"""
        WITH train AS (SELECT {TARGET} AS y FROM read_parquet($path) WHERE {SPLIT} = 'train'),
        constant AS (SELECT quantile_cont(y, $quantile) AS c FROM train),
        counts AS (SELECT count(*) AS n FROM train GROUP BY y)
        SELECT (SELECT sum(n) - max(n) FROM counts),
               (SELECT avg(greatest((y - c) * $under, (c - y) * $over)) FROM train, constant)
    """  # noqa: S608 - the names are constants
    values = {
        "path": str(table),
        "quantile": unit.quantile,
        "under": -unit.under,
        "over": -unit.over,
    }
    with duckdb.connect() as connection:
        try:
            row = connection.execute(query, values).fetchone()
        except duckdb.Error as error:
            line = str(error).splitlines()[0]
            raise ArtifactError(f"{table}: {line}", hint=AGAIN) from error
    unlike, gain = row or (None, None)
    if unlike is None or gain is None:
        raise ArtifactError(f"{table} has no training rows", hint=AGAIN)
    return Target(unlike=int(unlike), gain=float(gain))
