"""Magnitudes against astropy's AB magnitudes and arithmetic on paper."""

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from core.errors import InvalidValueError
from pipelines.photometry import Dereddening, PhotometryConfiguration, add_magnitudes, magnitudes_of_fluxes

_PSF = {"bands": ("g",), "magnitude_column": "mag_{band}"}


def _table(flux: list[float | None], unit: str | None = None) -> pa.Table:
    fields = [
        pa.field("g_psfFlux", pa.float64(), metadata={"unit": unit} if unit else None),
        pa.field("g_psfFluxErr", pa.float64()),
        pa.field("ebv", pa.float64()),
    ]
    return pa.table([flux, [1.0] * len(flux), [0.1] * len(flux)], schema=pa.schema(fields))


def test_magnitudes_are_those_of_astropy() -> None:
    fluxes = np.geomspace(1e-3, 1e9, 50)
    np.testing.assert_allclose(magnitudes_of_fluxes(fluxes), (fluxes * u.nJy).to_value(u.ABmag), rtol=0, atol=1e-6)


def test_errors_are_propagated_and_fluxes_below_zero_have_no_magnitude() -> None:
    table, [summary] = add_magnitudes(_table([100.0, -5.0, 0.0, None]), PhotometryConfiguration(**_PSF))
    assert table["mag_g"].to_pylist() == [pytest.approx(26.4), None, None, None]
    assert table["magerr_g"].to_pylist() == [pytest.approx(0.010857362), None, None, None]
    assert (summary.magnitudes, summary.not_positive, summary.missing) == (1, 2, 1)


def test_dereddening_takes_the_coefficient_times_ebv_off_and_names_its_source() -> None:
    configuration = PhotometryConfiguration(**_PSF, dereddening=Dereddening(coefficients="lsst_sf11"))
    table, _ = add_magnitudes(_table([100.0]), configuration)
    assert table["mag_g"].to_pylist() == [pytest.approx(26.4 - 0.3237)]
    assert b"Schlafly" in table.schema.field("mag_g").metadata[b"description"]


def test_the_unit_of_the_column_is_used() -> None:
    table, _ = add_magnitudes(_table([3630.7805477], unit="Jy"), PhotometryConfiguration(**_PSF))
    assert table["mag_g"].to_pylist() == [pytest.approx(0.0, abs=1e-6)]
    with pytest.raises(InvalidValueError, match="'ct'"):
        add_magnitudes(_table([1.0], unit="ct"), PhotometryConfiguration(**_PSF))


def test_magnitudes_are_only_dereddened() -> None:
    source = pa.table({"mag_g_cModel": [20.0], "ebv": [0.5]})
    configuration = PhotometryConfiguration(
        bands=("g",),
        quantity="magnitude",
        column="mag_{band}_{flux_type}",
        error_column=None,
        dereddening=Dereddening(coefficients={"g": 3.0}),
    )
    table, _ = add_magnitudes(source, configuration, "cModel")
    assert table["mag_g"].to_pylist() == [18.5]


def test_a_missing_column_and_texts_are_named() -> None:
    with pytest.raises(InvalidValueError, match="no column 'g_psfFlux'"):
        add_magnitudes(pa.table({"x": [1]}), PhotometryConfiguration(**_PSF))
    with pytest.raises(InvalidValueError, match="'g_psfFlux' holds string"):
        add_magnitudes(pa.table({"g_psfFlux": ["1"]}), PhotometryConfiguration(**_PSF))


def test_a_band_without_a_coefficient_and_an_unknown_set_are_refused() -> None:
    with pytest.raises(ValidationError, match="band y"):
        PhotometryConfiguration(dereddening=Dereddening(coefficients="sdss_sf11"))
    with pytest.raises(ValidationError, match="no set of coefficients 'dust'"):
        Dereddening(coefficients="dust")
