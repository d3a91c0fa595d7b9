"""All kernels: the one table from which the compiler and the query processes take their names."""

from collections.abc import Mapping

from tap.kernels.kernel import Kernel
from tap.kernels.sky import SKY_KERNELS

__all__ = ["KERNELS", "kernels_by_name"]


def kernels_by_name(*kernels: Kernel) -> Mapping[str, Kernel]:
    """Make a table of kernels."""
    return {kernel.name: kernel for kernel in kernels}


#: Every kernel, by its name.
KERNELS: Mapping[str, Kernel] = kernels_by_name(*SKY_KERNELS)
