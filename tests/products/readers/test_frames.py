"""Frames that files declare, in VOTable, FITS and ECSV; positions derived from them agree with astropy."""

import io
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import QTable, Table

from products.adjustments.reader import open_adjusted
from products.readers.frames import frame_of_header, frame_of_system

LON, LAT = np.array([10.0, 150.0, 359.9]), np.array([-70.0, 2.0, 45.0])
_VOTABLE = """<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>{systems}
<TABLE><FIELD name="x" datatype="double" unit="deg" ucd="{ucd}.{axes[0]}" {ref}/>
<FIELD name="y" datatype="double" unit="deg" ucd="{ucd}.{axes[1]}" {ref}/><DATA><TABLEDATA>
<TR><TD>10</TD><TD>-70</TD></TR><TR><TD>150</TD><TD>2</TD></TR><TR><TD>359.9</TD><TD>45</TD></TR>
</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"""


@pytest.mark.parametrize(
    ("system", "equinox", "frame"),
    [
        ("eq_FK4", "B1950", "FK4(B1950)"),
        ("eq_FK4", None, "FK4(B1950)"),
        ("FK4", "1900.0", "FK4(B1900)"),
        ("eq_FK5", "J2000", "FK5(J2000)"),
        ("fk5", "1975", "FK5(J1975)"),
        ("FK5", "J1975.5", "FK5(J1975.5)"),
        ("ICRS", "J2000", "ICRS"),
        ("galactic", None, "GALACTIC"),
        ("SUPER_GALACTIC", None, "SUPER_GALACTIC"),
        ("ecl_FK4", None, "ECLIPTIC(B1950)"),
        ("ecl_FK5", "J2000", "ECLIPTIC(J2000)"),
        ("geo_app", None, "GEO_APP"),
        ("", "J2000", None),
    ],
)
def test_frames_have_the_names_of_the_vocabulary(system: str, equinox: str | None, frame: str | None) -> None:
    assert frame_of_system(system, equinox) == frame


@pytest.mark.parametrize(
    ("header", "frame"),
    [
        ({"RADESYS": "FK4", "EQUINOX": 1950.0}, "FK4(B1950)"),
        ({"RADESYS": "FK4-NO-E"}, "FK4(B1950)"),
        ({"RADECSYS": "FK5", "EQUINOX": 1975.0}, "FK5(J1975)"),
        ({"RADESYS": "ICRS", "EQUINOX": 2000.0}, "ICRS"),
        ({"EQUINOX": 1950.0}, "FK4(B1950)"),
        ({"EPOCH": 2000.0}, "FK5(J2000)"),
        ({"EQUINOX": ""}, None),
        ({}, None),
    ],
)
def test_keywords_of_fits_give_the_frame(header: dict[str, object], frame: str | None) -> None:
    assert frame_of_header(header) == frame


def assert_derived(path: Path, expected: SkyCoord, columns: tuple[str, str]) -> None:
    with open_adjusted(path, path.name) as reader:
        assert reader.derived_columns == columns
        batches = list(reader.batches(columns))
    ra, dec = (np.concatenate([batch.column(number).to_numpy() for batch in batches]) for number in (0, 1))
    assert SkyCoord(ra, dec, unit="deg").separation(expected.icrs).max() < 1e-9 * u.deg


@pytest.mark.parametrize(
    ("system", "equinox", "there", "ucd", "axes"),
    [
        ("eq_FK4", "B1950", SkyCoord(LON, LAT, unit="deg", frame="fk4"), "pos.eq", ("ra", "dec")),
        ("eq_FK5", "J1975", SkyCoord(LON, LAT, unit="deg", frame="fk5", equinox="J1975"), "pos.eq", ("ra", "dec")),
        ("galactic", "", SkyCoord(LON, LAT, unit="deg", frame="galactic"), "pos.galactic", ("lon", "lat")),
    ],
)
@pytest.mark.parametrize("referred", [True, False])
def test_the_coosys_of_a_votable_is_followed(
    tmp_path: Path, system: str, equinox: str, there: SkyCoord, ucd: str, axes: tuple[str, str], referred: bool
) -> None:
    path = tmp_path / "table.vot"
    systems = f'<COOSYS ID="here" system="{system}" equinox="{equinox}"/>'
    path.write_text(_VOTABLE.format(systems=systems, ucd=ucd, axes=axes, ref='ref="here"' if referred else ""))
    assert_derived(path, there, ("ra", "dec"))


def test_each_column_has_the_frame_that_it_refers_to(tmp_path: Path) -> None:
    path = tmp_path / "table.vot"
    systems = '<COOSYS ID="old" system="eq_FK4"/><COOSYS ID="new" system="ICRS"/>'
    for reference, derived in (('ref="new"', ()), ('ref="old"', ("ra", "dec")), ("", ())):
        path.write_text(_VOTABLE.format(systems=systems, ucd="pos.eq", axes=("ra", "dec"), ref=reference))
        with open_adjusted(path, path.name) as reader:
            assert reader.derived_columns == derived


def test_the_keywords_of_a_fits_table_are_followed(tmp_path: Path) -> None:
    path = tmp_path / "table.fits"
    hdu = fits.BinTableHDU(Table({"RA": LON, "DEC": LAT, "RATIO": LAT}))
    hdu.header["RADESYS"], hdu.header["EQUINOX"] = "FK4", 1950.0
    hdu.writeto(path)
    assert_derived(path, SkyCoord(LON, LAT, unit="deg", frame="fk4"), ("ra_icrs", "dec_icrs"))
    with open_adjusted(path, path.name) as reader:
        frames = [(field.metadata or {}).get(b"frame") for field in reader.schema]
    assert frames == [b"FK4(B1950)", b"FK4(B1950)", None, b"ICRS", b"ICRS"]


@pytest.mark.parametrize(
    "there",
    [
        SkyCoord(LON, LAT, unit="deg", frame="fk4", equinox="B1975"),
        SkyCoord(LON, LAT, unit="deg", frame="fk5", equinox="J1975"),
        SkyCoord(LON, LAT, unit="deg", frame="galactic"),
        SkyCoord(LON, LAT, unit="deg", frame="supergalactic"),
    ],
    ids=lambda there: there.frame.name,
)
def test_coordinates_of_astropy_in_ecsv_keep_their_frame(tmp_path: Path, there: SkyCoord) -> None:
    path, text = tmp_path / "table.ecsv", io.StringIO()
    QTable({"id": [1, 2, 3], "coord": there}).write(text, format="ascii.ecsv")
    path.write_text(text.getvalue())
    assert_derived(path, there, ("ra", "dec"))
