"""Columns of magnitudes are found by the names that catalogues give them."""

import pyarrow as pa
import pytest

from core.columns import Column, field_of_column
from core.errors import InvalidValueError
from pipelines.estimation.bands import find_photometry, named_photometry


def _schema(*names: str) -> pa.Schema:
    return pa.schema([(name, pa.float64()) for name in names])


@pytest.mark.parametrize(
    ("names", "bands", "errors"),
    [
        (("id", "z", "mag_i_lsst", "mag_g_lsst", "mag_i_lsst_err", "mag_g_lsst_err"), "gi",
         ("mag_g_lsst_err", "mag_i_lsst_err")),
        (("redshift", "mag_u_lsst", "mag_r_lsst", "mag_err_u_lsst", "mag_err_r_lsst"), "ur",
         ("mag_err_u_lsst", "mag_err_r_lsst")),
        (("g_cModelMag", "r_cModelMag", "g_cModelMagErr", "r_cModelMagErr", "g_psfMag"), "gr",
         ("g_cModelMagErr", "r_cModelMagErr")),
        (("MAG_AUTO_G", "MAG_AUTO_R", "MAGERR_AUTO_G", "MAGERR_AUTO_R"), "gr", ("MAGERR_AUTO_G", "MAGERR_AUTO_R")),
        (("dered_mag_g", "dered_mag_r", "e_dered_mag_g"), "gr", ()),
        (("gmag", "rmag", "e_gmag", "e_rmag"), "gr", ("e_gmag", "e_rmag")),
        (("mag_g", "mag_r", "mag_i", "psf_mag_g", "psf_mag_r"), "gri", ()),
    ],
)  # fmt: skip
def test_magnitudes_that_are_named_alike_are_found_from_blue_to_red(
    names: tuple[str, ...], bands: str, errors: tuple[str, ...]
) -> None:
    found = find_photometry(_schema(*names), "table")
    assert "".join(found.bands) == bands
    assert found.errors == errors
    assert all("err" not in name.lower() for name in found.magnitudes)


def test_ucds_tell_the_bands_of_columns_with_any_names() -> None:
    columns = [Column(f"c{band}", "double", ucd=f"phot.mag;em.opt.{band}") for band in "RG"]
    columns.append(Column("eg", "double", ucd="stat.error;phot.mag;em.opt.G"))
    found = find_photometry(pa.schema([field_of_column(each) for each in columns]), "table")
    assert (found.bands, found.magnitudes) == (("g", "r"), ("cG", "cR"))


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InvalidValueError, match=r"table has no magnitudes in two bands .* mag_g_lsst"):
        find_photometry(_schema("ra", "dec", "mag_i"), "table")
    with pytest.raises(InvalidValueError, match="no column of numbers 'mag_x'; it has mag_g"):
        named_photometry(_schema("mag_g"), ["mag_x"], [], "table")
    with pytest.raises(InvalidValueError, match="2 magnitudes have 1 errors"):
        named_photometry(_schema("mag_g", "mag_r", "e"), ["mag_g", "mag_r"], ["e"], "table")
