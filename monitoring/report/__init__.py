"""The report: a model's whole life on one page that needs no network."""

from mdlc.monitoring.report.build_report import build
from mdlc.monitoring.report.report_input import ReportInput

__all__ = ["ReportInput", "build"]
