"""Compares money at different times: present value, return on investment, pay-back.

Costs to start fall at time 0. A year's money counts at the end of that year; where the horizon ends
within a year, that year's share of the money counts at the end of the horizon. This is the ordinary
annuity of Brealey, Myers and Allen, Principles of Corporate Finance, chapter 2, with a last payment
in proportion to the part of the year.
"""

from __future__ import annotations

import math
from collections.abc import Iterator


def periods(years: float) -> Iterator[tuple[float, float]]:
    """Yield (end in years from now, length in years) of each period of the horizon.

    >>> list(periods(2.5))
    [(1.0, 1.0), (2.0, 1.0), (2.5, 0.5)]
    """
    whole = math.floor(years)
    for year in range(whole):
        yield year + 1.0, 1.0
    if years > whole:
        yield years, years - whole


def discount(years: float, *, rate: float) -> float:
    """Return the present value of 1 that comes in so many years."""
    return math.pow(1 + rate, -years)


def annuity(years: float, *, rate: float) -> float:
    """Return the present value of 1 a year over the horizon, discounted at `rate` a year.

    >>> annuity(2, rate=0), round(annuity(2, rate=0.1), 4)
    (2.0, 1.7355)
    """
    return math.fsum(length * discount(end, rate=rate) for end, length in periods(years))


def return_on_investment(value: float, *, costs: float) -> float | None:
    """Return net present value over the present value of all costs; None without costs.

    With running costs in the denominator this is the return on all money put in, not only on the
    start (as in the profitability index of Brealey, Myers and Allen, chapter 5, minus 1).
    """
    return value / costs if costs > 0 else None


def payback_years(once: float, *, yearly: float, years: float, rate: float) -> float | None:
    """Return the years until discounted gains have paid the start; None if beyond the horizon.

    `yearly` is the gain of a year minus its costs. Within a year the gain is taken to come evenly
    (discounted pay-back, Brealey, Myers and Allen, chapter 5).

    >>> payback_years(150, yearly=100, years=3, rate=0)
    1.5
    """
    if yearly < 0:
        return None
    owed = once
    for end, length in periods(years):
        if owed <= 0:
            return end - length
        gained = yearly * length * discount(end, rate=rate)
        if gained >= owed:
            return end - length + length * owed / gained
        owed -= gained
    return None
