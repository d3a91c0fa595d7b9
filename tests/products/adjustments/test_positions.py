"""Derived positions, compared with astropy."""

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import Angle, BarycentricMeanEcliptic, SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidValueError
from products.adjustments.positions import DerivedPosition
from products.inspection.position_forms import PositionForm

_RANDOM = np.random.default_rng(20261128)
_ROWS = 200
LON = np.concatenate([_RANDOM.uniform(0, 360, _ROWS), [0, 180, 359.9999, 90, 270]])
LAT = np.concatenate([np.degrees(np.arcsin(_RANDOM.uniform(-1, 1, _ROWS))), [0, -0.0001, 0.5, 89.9, -89.9]])


def form(
    kind: str = "numbers",
    columns: tuple[str, ...] = ("a", "b"),
    units: tuple[str, str] = ("deg", "deg"),
    frame: str = "icrs",
    equinox: str | None = None,
) -> PositionForm:
    return PositionForm(kind, columns, units, frame, equinox, "a test", certain=True)  # type: ignore[arg-type]


def derived(chosen: PositionForm, **columns: object) -> SkyCoord:
    """Derive positions from columns; rows without one are at NaN."""
    batch = pa.record_batch({name: pa.array(values) for name, values in columns.items()})
    ra, dec = DerivedPosition(chosen, batch.schema).arrays(batch)
    return SkyCoord(ra.to_numpy(zero_copy_only=False), dec.to_numpy(zero_copy_only=False), unit="deg")


def assert_near(found: SkyCoord, expected: SkyCoord) -> None:
    assert np.all((found.ra.deg >= 0) & (found.ra.deg < 360 + 1e-9))
    assert found.separation(expected.icrs).max() < 1e-9 * u.deg


@pytest.mark.parametrize(
    ("frame", "equinox", "there"),
    [
        ("fk4", "B1950", {"frame": "fk4", "equinox": "B1950"}),
        ("fk4", None, {"frame": "fk4", "equinox": "B1950"}),
        ("fk4", "B1900", {"frame": "fk4", "equinox": "B1900"}),
        ("fk5", "J2000", {"frame": "fk5", "equinox": "J2000"}),
        ("fk5", "J1975", {"frame": "fk5", "equinox": "J1975"}),
        ("galactic", None, {"frame": "galactic"}),
        ("supergalactic", None, {"frame": "supergalactic"}),
        ("ecliptic", "J2000", {"frame": BarycentricMeanEcliptic(equinox="J2000")}),
        ("ecliptic", None, {"frame": BarycentricMeanEcliptic(equinox="J2000")}),
    ],
)
def test_frames_are_transformed(frame: str, equinox: str | None, there: dict[str, object]) -> None:
    expected = SkyCoord(LON * u.deg, LAT * u.deg, **there)
    assert_near(derived(form(frame=frame, equinox=equinox), a=LON, b=LAT), expected)


@pytest.mark.parametrize(
    "units",
    [("hourangle", "deg"), ("rad", "rad"), ("arcsec", "arcsec"), ("arcmin", "arcmin"), ("mas", "mas"), ("deg", "deg")],
)
def test_units_are_converted(units: tuple[str, str]) -> None:
    columns = {name: Angle(v, u.deg).to_value(unit) for name, v, unit in zip("ab", (LON, LAT), units, strict=True)}
    assert_near(derived(form(units=units), **columns), SkyCoord(LON, LAT, unit="deg"))


@pytest.mark.parametrize("separator", [":", " ", "hms", "dms"])
@pytest.mark.parametrize("precision", [0, 3])
def test_sexagesimal_text_is_read_as_astropy_reads_it(separator: str, precision: int) -> None:
    lon = np.minimum(LON, 359.9)  # seconds that are rounded up to 24 hours make astropy warn
    unit = u.deg if separator == "dms" else u.hourangle
    signs = {"sep": separator if len(separator) == 1 else "fromunit", "pad": True, "precision": precision}
    ra = Angle(lon, u.deg).to_string(unit=unit, **signs)
    dec = Angle(LAT, u.deg).to_string(unit=u.deg, alwayssign=True, **signs)
    expected = SkyCoord(Angle(ra, unit), Angle(dec, u.deg))
    found = derived(form("sexagesimal", units=(unit.to_string(), "deg")), a=list(ra), b=list(dec))
    assert found.separation(expected).max() < 1e-9 * u.deg


@given(st.booleans(), st.integers(0, 89), st.integers(0, 59), st.floats(0, 59.999).map(lambda s: round(s, 3)))
def test_signs_and_parts_agree_with_astropy(negative: bool, degrees: int, minutes: int, seconds: float) -> None:
    sign = "-" if negative else "+"
    text = f"{sign}{degrees}:{minutes}:{seconds:.3f}"
    expected = Angle(text, u.deg).deg
    of_text = derived(form("sexagesimal", units=("hourangle", "deg")), a=["1:2:3"], b=[text])
    names = ("h", "m", "s", "sign", "d", "dm", "ds")
    parts = {"h": [1], "m": [2], "s": [3.0], "d": [degrees], "dm": [minutes], "ds": [seconds]}
    of_parts = derived(form("split", names, ("hourangle", "deg")), **parts, sign=[sign])
    unsigned = ("h", "m", "s", "", "d", "dm", "ds")
    of_number = derived(form("split", unsigned), **parts | {"d": [-float(degrees) if negative else float(degrees)]})
    of_degrees = derived(form("split", unsigned), **parts | {"d": [f"{sign}{degrees:02d}"]})
    for found in (of_text, of_parts, of_number, of_degrees):
        assert found.dec.deg[0] == pytest.approx(expected, abs=1e-11)
        assert found.ra.deg[0] == pytest.approx(15 * (1 + 2 / 60 + 3 / 3600), abs=1e-11)


def test_parts_without_seconds() -> None:
    names = ("h", "m", "", "sign", "d", "dm", "")
    found = derived(form("split", names), h=[10], m=[30.5], sign=["-"], d=[0], dm=[6.0])
    assert (found.ra.deg[0], found.dec.deg[0]) == (pytest.approx(157.625), pytest.approx(-0.1))


def test_rows_without_a_part_have_no_position() -> None:
    found = derived(form(frame="fk4"), a=[10.0, None, np.nan, 30.0, np.inf], b=[1.0, 1.0, 1.0, None, 1.0])
    assert np.isfinite(found.ra.deg).tolist() == [True, False, False, False, False]
    found = derived(form("sexagesimal", units=("hourangle", "deg")), a=["1:2:3", "--", None, ""], b=["1:2:3"] * 4)
    assert np.isfinite(found.ra.deg).tolist() == [True, False, False, False]
    found = derived(form(frame="galactic"), a=[10.0, 10.0], b=[91.0, 2.0])
    assert np.isfinite(found.dec.deg).tolist() == [False, True]


def test_names_that_are_taken_are_not_used_again() -> None:
    schema = pa.schema([("RA", pa.float64()), ("l", pa.float64()), ("b", pa.float64()), ("dec_icrs", pa.float64())])
    position = DerivedPosition(form(columns=("l", "b"), frame="galactic"), schema)
    assert [field.name for field in position.fields] == ["ra_icrs_2", "dec_icrs_2"]
    assert position.fields[0].metadata[b"unit"] == b"deg"
    assert b"l, b (GALACTIC, deg)" in position.fields[0].metadata[b"description"]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (form(columns=("a", "nothing")), "no column 'nothing'"),
        (form("sexagesimal"), "'a' does not hold sexagesimal text"),
        (form(columns=("text", "b")), "'text' does not hold numbers"),
        (form(frame="fk4", equinox="long ago"), "'long ago'"),
    ],
)
def test_forms_that_do_not_fit_are_refused(chosen: PositionForm, said: str) -> None:
    schema = pa.schema([("a", pa.float64()), ("b", pa.float64()), ("text", pa.string())])
    with pytest.raises(InvalidValueError, match=said):
        DerivedPosition(chosen, schema)
