"""The report of a detection: one HTML file that needs nothing else, and no script."""

from ringsight.report.page import write_report

__all__ = ["write_report"]
