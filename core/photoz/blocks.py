"""Blocks of densities in which several results are computed: what one has accumulated, the next ones use."""

from collections.abc import Iterator

import pyarrow as pa

from core.photoz.densities import Densities
from core.photoz.forms import DensityForm

__all__ = ["density_blocks"]

#: Numbers of a block, which fit into the cache of a processor.
_NUMBERS = 2**18


def density_blocks(form: DensityForm, array: pa.Array) -> Iterator[tuple[slice, Densities]]:
    """Yield the densities of an Arrow array block by block, each with its rows."""
    step = max(1, _NUMBERS // form.size)
    for first in range(0, len(array), step):
        rows = slice(first, min(first + step, len(array)))
        yield rows, Densities.from_arrow(form, array.slice(rows.start, rows.stop - rows.start))
