"""Reports of STILTS taplint."""

import re

__all__ = ["complaints"]


def complaints(report: str) -> list[str]:
    """Give the errors, warnings and failures of a report."""
    assert "Totals: Errors: " in report, report
    return [line for line in report.splitlines() if re.match("[EWF]-", line)]
