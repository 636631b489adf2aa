"""The sections in the order of a model's life; each is a function from the inputs to a Section."""

from __future__ import annotations

from collections.abc import Callable

from mdlc.monitoring.report.inputs import ReportInput
from mdlc.monitoring.report.page import Section
from mdlc.monitoring.report.sections import (
    business,
    candidates,
    data,
    exploration,
    history,
    money,
    slices,
    testset,
    year,
)

SECTIONS: tuple[Callable[[ReportInput], Section], ...] = (
    business.build,
    data.build,
    exploration.build,
    candidates.build,
    testset.build,
    slices.build,
    money.build,
    year.build,
    history.build,
)
