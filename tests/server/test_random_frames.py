"""Random positions in random frames and units, written by astropy: queries give what astropy transforms to ICRS."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable.tree import CooSys
from astropy.table import QTable, Table
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tap.results import RESULT_FORMATS
from tests.server.test_random_tables import READERS, queried

Frame = tuple[str, str | None]

_FRAMES: list[Frame] = [("icrs", None), ("fk4", "B1950"), ("fk4", "B1900"), ("fk5", "J2000"), ("fk5", "J1975")]
_GALACTIC: Frame = ("galactic", None)
_SYSTEMS = {"fk4": "eq_FK4", "fk5": "eq_FK5", "icrs": "ICRS", "galactic": "galactic"}


def _coordinates(lon: list[float], lat: list[float], frame: Frame) -> SkyCoord:
    name, equinox = frame
    return SkyCoord(lon * u.deg, lat * u.deg, frame=name, **({"equinox": equinox} if equinox else {}))


def _columns(there: SkyCoord, unit: u.UnitBase) -> Table:
    lon, lat = there.spherical.lon.to(unit), there.spherical.lat.to(unit if unit != u.hourangle else u.deg)
    names = ("GLON", "GLAT") if there.frame.name == "galactic" else ("RA", "DEC")
    table = Table({"row": np.arange(len(there)), names[0]: lon.value, names[1]: lat.value})
    table[names[0]].unit, table[names[1]].unit = unit, lat.unit
    return table


def _write_ecsv(there: SkyCoord, _frame: Frame, _unit: u.UnitBase, path: Path) -> None:
    QTable({"row": np.arange(len(there)), "coord": there}).write(path, format="ascii.ecsv", overwrite=True)


def _write_fits(there: SkyCoord, frame: Frame, unit: u.UnitBase, path: Path) -> None:
    table = fits.table_to_hdu(_columns(there, unit))
    if frame[0] != "galactic":
        table.header["RADESYS"] = frame[0].upper()
    if frame[1]:
        table.header["EQUINOX"] = float(frame[1][1:])
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)


def _write_votable(there: SkyCoord, frame: Frame, unit: u.UnitBase, path: Path) -> None:
    document = from_table(_columns(there, unit))
    resource = document.resources[0]
    resource.coordinate_systems.append(CooSys(ID="system", system=_SYSTEMS[frame[0]], equinox=frame[1]))
    for field in resource.tables[0].fields[1:]:
        field.ref = "system"
    document.to_xml(str(path))


_WRITERS: dict[str, Callable[[SkyCoord, Frame, u.UnitBase, Path], None]] = {
    "ecsv": _write_ecsv,
    "fits": _write_fits,
    "vot": _write_votable,
}


def _last(names: list[str], axis: str) -> str:
    """Return the last column of an axis: a derived one, where there is one."""
    return [name for name in names if name.lower().removeprefix("coord.").startswith(axis)][-1]


@pytest.mark.parametrize("extension", list(_WRITERS))
def test_positions_are_those_of_astropy(extension: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("frames")
    path = folder / f"table.{extension}"

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(
        st.lists(st.tuples(st.floats(0, 359.9), st.floats(-89, 89)), min_size=2, max_size=6),
        st.sampled_from([*_FRAMES, _GALACTIC]),
        st.sampled_from([u.deg, u.rad, u.hourangle]),
        st.sampled_from(["parquet", "votable", "ecsv", "json"]),
    )
    def check(places: list[tuple[float, float]], frame: Frame, unit: u.UnitBase, output: str) -> None:
        there = _coordinates(*map(list, zip(*places, strict=True)), frame)
        if unit == u.hourangle and (frame == _GALACTIC or extension == "fits"):  # FITS has no such unit
            unit = u.deg
        with warnings.catch_warnings(action="ignore"):
            _WRITERS[extension](there, frame, unit, path)
            description, batches = queried(path, folder)
        # Derived columns are the last ones.
        names = [column.name for column in description.columns]
        ra, dec = (
            [name for name in names if name.lower().removeprefix("coord.").startswith(axis)][-1]
            for axis in ("ra", "dec")
        )
        found = READERS[output](b"".join(RESULT_FORMATS[output].write(description, batches, limit=None)))
        given_ = SkyCoord(np.array(found[ra], float), np.array(found[dec], float), unit="deg")
        # FK5 of J2000 counts as ICRS: they differ by some 30 milliarcseconds.
        tolerance = 40 * u.mas if frame == ("fk5", "J2000") else 1e-8 * u.deg
        assert given_.separation(there.icrs).max() < tolerance

    check()
