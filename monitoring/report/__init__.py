"""The report: one HTML page about a model's whole life, which needs no network.

build_report   assembles the page: sections as data, templates, plotly.js
report_input   the documents that a report is made from
sections       one function a section, from the input to data
  -> page_parts  the data that sections return: facts, tables, plots, notes
  -> plots, formatting   the common look of plots; numbers and dates as text
"""

from mdlc.monitoring.report.build_report import build
from mdlc.monitoring.report.report_input import ReportInput

__all__ = ["ReportInput", "build"]
