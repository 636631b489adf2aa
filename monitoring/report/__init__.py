"""The report: a model's whole life on one page that needs no network."""

from mdlc.monitoring.report.build import build
from mdlc.monitoring.report.inputs import ReportInput

__all__ = ["ReportInput", "build"]
