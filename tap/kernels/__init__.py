"""Kernels: what queries compute by numpy in the process of the query, because SQL has no words for it.

A kernel is declared once, beside its function. The compiler of ADQL lets queries call what is in the table, and an
engine gives its query processes the same. Neither imports the other, and this package imports neither.
"""

from tap.kernels.kernel import Kernel
from tap.kernels.table import KERNELS, kernels_by_name

__all__ = ["KERNELS", "Kernel", "kernels_by_name"]
