"""Dust maps in files: values at known positions of maps that are made here."""

from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from cdshealpix import nested, ring

from core.errors import InvalidValueError, UnreadableFileError
from pipelines.training.releases.dust_maps import HealpixDust, SfdDust

_SIZE = 256


def _positions() -> SkyCoord:
    random = np.random.default_rng(4)
    lat = np.concatenate([np.degrees(np.arcsin(random.uniform(-1, 1, 300))), [89.999, -89.999, 0.5, -0.5]])
    return SkyCoord(l=random.uniform(0, 360, len(lat)) * u.deg, b=lat * u.deg, frame="galactic")


def write_sfd(folder: Path) -> None:
    """Write maps whose value is linear in the pixel, with the keywords of the published files."""
    for pole, name in ((1, "ngp"), (-1, "sgp")):
        y, x = np.mgrid[:_SIZE, :_SIZE].astype(np.float32)
        header = fits.Header()
        header["LAM_NSGP"], header["LAM_SCAL"] = pole, _SIZE / 2
        header["CRPIX1"] = header["CRPIX2"] = (_SIZE + 1) / 2
        fits.PrimaryHDU(0.001 * x + 0.002 * y, header).writeto(folder / f"SFD_dust_4096_{name}.fits")


def test_the_map_of_1998_is_projected_around_both_poles(tmp_path: Path) -> None:
    write_sfd(tmp_path)
    positions = _positions()
    found = SfdDust(tmp_path).ebv(positions.icrs.ra.deg, positions.icrs.dec.deg)
    for pole in (1, -1):
        here = positions.b.deg * pole > 0
        lon, lat = positions.l.rad[here], positions.b.rad[here]
        # Distance from the pole in pixels: the square root of 1 - |sin b|, times the scale.
        radius = _SIZE / 2 * np.sqrt(1 - np.abs(np.sin(lat)))
        x = (_SIZE - 1) / 2 + radius * np.cos(lon)
        y = (_SIZE - 1) / 2 - pole * radius * np.sin(lon)
        inside = (np.minimum(x, y) >= 0) & (np.maximum(x, y) <= _SIZE - 1)
        np.testing.assert_allclose(found[here][inside], (0.001 * x + 0.002 * y)[inside], atol=1e-5)


@pytest.mark.parametrize("ordering", ["NESTED", "RING"])
def test_healpix_maps_give_the_nearest_pixel(ordering: str, tmp_path: Path) -> None:
    nside = 16
    values = np.arange(12 * nside**2, dtype=np.float32)
    table = fits.BinTableHDU.from_columns([fits.Column("TAU353", "E", array=values)])
    table.header["NSIDE"], table.header["ORDERING"], table.header["COORDSYS"] = nside, ordering, "GALACTIC"
    table.writeto(tmp_path / "map.fits")
    positions = _positions()
    if ordering == "NESTED":
        expected = nested.lonlat_to_healpix(positions.l, positions.b, 4)
    else:
        expected = ring.lonlat_to_healpix(positions.l, positions.b, nside)
    dust = HealpixDust(tmp_path / "map.fits", "TAU353", 2.0)
    found = dust.ebv(positions.icrs.ra.deg, positions.icrs.dec.deg)
    np.testing.assert_array_equal(found, 2.0 * expected.astype(float))
    with pytest.raises(InvalidValueError, match="no column 'EBV'; it has TAU353"):
        HealpixDust(tmp_path / "map.fits")


def test_missing_and_broken_maps_say_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"no dust map .*SFD_dust_4096_ngp\.fits"):
        SfdDust(tmp_path)
    (tmp_path / "map.fits").write_bytes(b"no map")
    with pytest.raises(UnreadableFileError, match=r"map\.fits is no HEALPix map"):
        HealpixDust(tmp_path / "map.fits")
