"""Table of all kernels, for the compiler and the query processes."""

from collections.abc import Mapping

from tap.kernels.kernel import Kernel
from tap.kernels.lists import LIST_KERNELS
from tap.kernels.photoz import DENSITY_KERNELS
from tap.kernels.sky import SKY_KERNELS

__all__ = ["KERNELS", "kernels_by_name"]


def kernels_by_name(*kernels: Kernel) -> Mapping[str, Kernel]:
    """Return kernels by their names."""
    return {kernel.name: kernel for kernel in kernels}


#: All kernels, by name.
KERNELS: Mapping[str, Kernel] = kernels_by_name(*SKY_KERNELS, *DENSITY_KERNELS, *LIST_KERNELS)
