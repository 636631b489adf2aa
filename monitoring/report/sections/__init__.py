"""The sections in the order of a model's life; each maps a ReportInput to a ReportSection."""

from __future__ import annotations

from collections.abc import Callable

from mdlc.monitoring.report.page_parts import ReportSection
from mdlc.monitoring.report.report_input import ReportInput
from mdlc.monitoring.report.sections import (
    business_section,
    candidates_section,
    data_section,
    exploration_section,
    held_out_section,
    history_section,
    money_section,
    slices_section,
    year_section,
)

SECTIONS: tuple[Callable[[ReportInput], ReportSection], ...] = (
    business_section.build,
    data_section.build,
    exploration_section.build,
    candidates_section.build,
    held_out_section.build,
    slices_section.build,
    money_section.build,
    year_section.build,
    history_section.build,
)
