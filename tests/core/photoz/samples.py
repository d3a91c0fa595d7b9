"""Ensembles of qp in each form, made in code, and the same densities as ours."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from core.photoz.densities import Densities
from core.photoz.forms import DensityForm

__all__ = ["FORMS", "OBJECTS", "densities_of", "ensemble"]

OBJECTS = 40
FORMS = ("interp", "hist", "quant", "mixmod", "norm", "interp_irregular", "spline", "gamma")

_GRID = np.linspace(0, 3, 61)


def ensemble(form: str) -> Any:  # qp has no types
    """Return an ensemble of one form with two peaks an object."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import qp

        return qp.Ensemble(getattr(qp, form, None) or getattr(qp.stats, form), data=_DATA[form]())


def densities_of(form: str, made: Any) -> Densities:
    """Return the densities of an ensemble in our layout."""
    shared, data = made.metadata, made.objdata
    names = {"interp": ("xvals", "yvals"), "hist": ("bins", "pdfs"), "quant": ("quants", "locs")}
    if form in names:
        grid, values = np.ravel(shared[names[form][0]]), data[names[form][1]]
        return Densities(DensityForm(form, values.shape[1], tuple(grid)), values)
    order = _ORDER[form]
    values = np.hstack([np.reshape(data[name], (OBJECTS, -1)) for name in order])
    return Densities(DensityForm(form, values.shape[1]), values)


_ORDER = {
    "mixmod": ("weights", "means", "stds"),
    "norm": ("loc", "scale"),
    "interp_irregular": ("xvals", "yvals"),
    "spline": ("splx", "sply", "spln"),
    "gamma": ("a", "loc", "scale"),
}


def _peaks() -> tuple[npt.NDArray[np.float64], ...]:
    rng = np.random.default_rng(14)
    means = np.column_stack([rng.uniform(0.1, 1.0, OBJECTS), rng.uniform(1.0, 2.4, OBJECTS)])
    return rng.uniform(0.2, 1, (OBJECTS, 2)), means, rng.uniform(0.03, 0.2, (OBJECTS, 2))


def _at(z: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    weights, means, stds = _peaks()
    unit = (np.broadcast_to(z, (OBJECTS, z.shape[-1]))[:, :, None] - means[:, None]) / stds[:, None]
    return np.asarray(np.sum(weights[:, None] / stds[:, None] * np.exp(-0.5 * unit**2), axis=2))


def _irregular() -> Mapping[str, Any]:
    x = np.sort(np.random.default_rng(1).uniform(0, 3, (OBJECTS, 25)), axis=1)
    return {"xvals": x, "yvals": _at(x)}


def _quantiles() -> Mapping[str, Any]:
    steps = np.random.default_rng(2).uniform(0.01, 0.3, (OBJECTS, 11))
    return {"quants": np.linspace(0.02, 0.97, 11), "locs": np.cumsum(steps, axis=1)}


def _splines() -> Mapping[str, Any]:
    from scipy.interpolate import splint, splrep

    made = [splrep(_GRID, each) for each in _at(_GRID)]
    made = [(knots, coefficients / splint(0, 3, (knots, coefficients, 3))) for knots, coefficients, _ in made]
    knots, coefficients = (np.array([each[k] for each in made]) for k in (0, 1))
    return {"splx": knots, "sply": coefficients, "spln": np.full((OBJECTS, 1), 3)}


def _gammas() -> Mapping[str, Any]:
    rng = np.random.default_rng(7)
    return {
        "a": rng.uniform(1.5, 5, (OBJECTS, 1)),
        "loc": rng.uniform(0, 0.3, (OBJECTS, 1)),
        "scale": rng.uniform(0.05, 0.3, (OBJECTS, 1)),
    }


_DATA = {
    "interp": lambda: {"xvals": _GRID, "yvals": 7 * _at(_GRID)},
    "hist": lambda: {"bins": _GRID, "pdfs": _at(_GRID[1:] - 0.02)},
    "quant": _quantiles,
    "mixmod": lambda: dict(zip(("weights", "means", "stds"), _peaks(), strict=True)),
    "norm": lambda: {"loc": _peaks()[1][:, :1], "scale": _peaks()[2][:, :1]},
    "interp_irregular": _irregular,
    "spline": _splines,
    "gamma": _gammas,
}
