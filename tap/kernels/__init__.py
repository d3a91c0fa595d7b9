"""Kernels: functions of Arrow arrays that extend the SQL of an engine.

A kernel is declared once, beside its function. The compiler of ADQL allows calls of the kernels in the table, and an
engine registers them in its query processes. Neither imports the other, and this package imports neither.
"""

from tap.kernels.kernel import Kernel
from tap.kernels.table import KERNELS, kernels_by_name

__all__ = ["KERNELS", "Kernel", "kernels_by_name"]
