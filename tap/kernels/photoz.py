"""Kernels of densities: p(z) at redshifts, CDFs, quantiles, moments and scores of columns of arrays.

A call names the form of its column by a number, which is made of the form's description (`form_number`). The kernel
`pdf_form` returns it for a description that stands in the SQL, and keeps the form for the calls that follow. Its
argument is constant, so an engine calls it once, before the rows are read. The arithmetic is in `core.photoz`, imported
when the first query calls it.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from core.photoz.forms import DensityForm
from tap.kernels.arrays import as_array, as_doubles, as_integers, from_doubles, from_rows
from tap.kernels.kernel import Kernel

if TYPE_CHECKING:
    from core.photoz.densities import Densities

__all__ = ["DENSITY_KERNELS", "form_number"]

_MOST_FORMS = 1_000
_FORMS: OrderedDict[int, DensityForm] = OrderedDict()


def form_number(text: str) -> int:
    """Return the number by which kernels know a form, given its JSON."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)


def _form(texts: Any) -> pa.Array:
    column = as_array(texts)
    for text in column.unique().to_pylist():
        number = form_number(text)
        _FORMS[number] = DensityForm.from_json(text)
        _FORMS.move_to_end(number)
        while len(_FORMS) > _MOST_FORMS:
            _FORMS.popitem(last=False)
    return pa.array([form_number(text) for text in column.to_pylist()], pa.int64())


def _of_density(work: "Callable[[Densities], Any]") -> Callable[..., pa.Array]:
    """Return a kernel that gives one number of each density."""
    return lambda forms, arrays: _numbers(work, forms, arrays)


def _of_number(work: "Callable[[Densities, Any], Any]") -> Callable[..., pa.Array]:
    """Return a kernel that gives one number of each density and a number of its row."""
    return lambda forms, arrays, given: _numbers(work, forms, arrays, given)


def _of_limits(work: "Callable[[Densities, Any, Any], Any]") -> Callable[..., pa.Array]:
    """Return a kernel that gives one number of each density and two numbers of its row."""
    return lambda forms, arrays, low, high: _numbers(work, forms, arrays, low, high)


def _numbers(work: Callable[..., Any], forms: Any, arrays: Any, *given: Any) -> pa.Array:
    densities = _densities(forms, arrays)
    if densities is None:
        return pa.nulls(len(as_array(arrays)), pa.float64())
    return from_doubles(work(densities, *(_given(column) for column in given)))


def _given(column: Any) -> Any:
    """Return the numbers of a column: one number if all rows have the same, as constants of a query do."""
    numbers = as_doubles(column)
    return numbers[0] if len(numbers) and (numbers == numbers[0]).all() else numbers


def _on_grid(forms: Any, arrays: Any, low: Any, high: Any, points: Any) -> pa.Array:
    """Return densities on a regular grid, or, for 0 points, on that of the form."""
    densities = _densities(forms, arrays)
    if densities is None:
        return pa.nulls(len(as_array(arrays)), pa.list_(pa.float64()))
    count = int(as_integers(points)[0])
    if count:
        grid = np.linspace(as_doubles(low)[0], as_doubles(high)[0], count)
    else:
        grid = np.asarray(densities.form.grid)
        grid = (grid[1:] + grid[:-1]) / 2 if densities.form.name == "hist" else grid
    return from_rows(densities.on_grid(grid), densities.valid).cast(pa.list_(pa.float64()))


def _densities(forms: Any, arrays: Any) -> "Densities | None":
    """Return the densities of a column; None when it has no rows, or its form is none of scipy's distributions."""
    from core.photoz.densities import Densities

    numbers = as_array(forms)
    if not len(numbers):
        return None
    try:
        return Densities.from_arrow(_FORMS[numbers[0].as_py()], as_array(arrays))
    except ValueError:
        return None


_PDF = ("BIGINT", "DOUBLE[]")  # number of the form, and arrays

#: Kernels of densities.
DENSITY_KERNELS: tuple[Kernel, ...] = (
    Kernel("pdf_cdf", _of_number(lambda pdf, z: pdf.cdf(z)), (*_PDF, "DOUBLE"), "DOUBLE"),
    Kernel("pdf_crps", _of_number(lambda pdf, z: pdf.crps(z)), (*_PDF, "DOUBLE"), "DOUBLE"),
    Kernel("pdf_density", _of_number(lambda pdf, z: pdf.density(z)), (*_PDF, "DOUBLE"), "DOUBLE"),
    Kernel("pdf_form", _form, ("VARCHAR",), "BIGINT"),
    Kernel("pdf_mean", _of_density(lambda pdf: pdf.mean()), _PDF, "DOUBLE"),
    Kernel("pdf_mode", _of_density(lambda pdf: pdf.mode()), _PDF, "DOUBLE"),
    Kernel("pdf_odds", _of_number(lambda pdf, half_width: pdf.odds(half_width)), (*_PDF, "DOUBLE"), "DOUBLE"),
    Kernel("pdf_on_grid", _on_grid, (*_PDF, "DOUBLE", "DOUBLE", "INTEGER"), "DOUBLE[]"),
    Kernel(
        "pdf_probability",
        _of_limits(lambda pdf, low, high: pdf.probability(low, high)),
        (*_PDF, "DOUBLE", "DOUBLE"),
        "DOUBLE",
    ),
    Kernel("pdf_quantile", _of_number(lambda pdf, p: pdf.quantile(p)), (*_PDF, "DOUBLE"), "DOUBLE"),
    Kernel("pdf_std", _of_density(lambda pdf: pdf.std()), _PDF, "DOUBLE"),
)
