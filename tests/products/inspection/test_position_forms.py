"""The form of positions is recognised by metadata, names and, as a question, by values."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.coordinates import Angle, SkyCoord

from core.columns import Column, column_of_field
from products.inspection.column_statistics import StatisticsGatherer
from products.inspection.guesses import guess_meanings
from products.inspection.position_axes import Frame, frame_of_system
from products.inspection.position_forms import PositionForm, position_forms
from products.inspection.sexagesimal import is_sexagesimal, sexagesimal_unit

_CATALOGUES = Path(__file__).parents[4] / "shared" / "data" / "redshift_catalogs"

#: Positions on a strip, in degrees.
_RA, _DEC = [150.1, 150.2, 150.7], [2.1, -0.3, 2.4]


def forms_of(
    table: pa.Table, metadata: Mapping[str, Mapping[str, str]] | None = None, frames: Mapping[str, str] | None = None
) -> tuple[PositionForm, ...]:
    fields = [field.with_metadata((metadata or {}).get(field.name)) for field in table.schema]
    table = table.cast(pa.schema(fields))
    gatherer = StatisticsGatherer(table.schema)
    for batch in table.to_batches():
        gatherer.add(batch)
    columns, statistics = [column_of_field(field) for field in table.schema], gatherer.statistics()
    return position_forms(columns, statistics, guess_meanings(columns, statistics), frames)


def summary(form: PositionForm) -> tuple[object, ...]:
    return form.kind, form.columns, form.units, form.frame, form.equinox, form.certain


def in_unit(unit: str) -> pa.Table:
    """Return the strip in a unit; hours for the right ascension only."""
    dec = "deg" if unit == "hourangle" else unit
    return pa.table(
        {"ra": (np.array(_RA) * u.deg).to_value(u.Unit(unit)), "dec": (np.array(_DEC) * u.deg).to_value(u.Unit(dec))}
    )


@pytest.mark.parametrize(
    ("spelt", "unit"),
    [
        ("deg", "deg"),
        ("degrees", "deg"),
        ("h", "hourangle"),
        ("hourangle", "hourangle"),
        ("rad", "rad"),
        ("radian", "rad"),
        ("arcsec", "arcsec"),
        ("arcmin", "arcmin"),
        ("mas", "mas"),
    ],
)
def test_units_tell_the_form(spelt, unit) -> None:
    dec = "deg" if unit == "hourangle" else spelt
    form = forms_of(in_unit(unit), {"ra": {"unit": spelt}, "dec": {"unit": dec}})[0]
    expected = (unit, "deg" if unit == "hourangle" else unit)
    assert summary(form) == ("numbers", ("ra", "dec"), expected, "icrs", None, True)
    assert form.is_plain == (unit == "deg")
    assert "unit" in form.reason


@pytest.mark.parametrize(
    ("names", "units"),
    [
        (("ra_hours", "dec"), ("hourangle", "deg")),
        (("RA_hr", "DEC_deg"), ("hourangle", "deg")),
        (("ra_rad", "dec_rad"), ("rad", "rad")),
        (("RA_J2000_rad", "Dec_J2000_rad"), ("rad", "rad")),
        (("alpha_radians", "delta_radians"), ("rad", "rad")),
        (("ra_arcsec", "dec_arcsec"), ("arcsec", "arcsec")),
        (("RAdeg", "DEdeg"), ("deg", "deg")),
    ],
)
def test_names_tell_the_unit(names, units) -> None:
    table = pa.table({names[0]: [2.61, 6.1, 0.5], names[1]: [0.021, -0.74, 1.2]})
    assert summary(forms_of(table)[0]) == ("numbers", names, units, "icrs", None, True)


def test_a_right_ascension_in_hours_leaves_declinations_in_degrees() -> None:
    table = pa.table({"ra": [10.0, 10.1], "dec": [2.0, 3.0]})
    assert forms_of(table, {"ra": {"unit": "hourangle"}})[0].units == ("hourangle", "deg")


def test_values_alone_are_a_question() -> None:
    rng = np.random.default_rng(1)
    sky = pa.table({"ra": rng.uniform(0, 24, 500), "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, 500)))})
    first, second = forms_of(sky)
    assert (first.units, first.certain) == (("hourangle", "deg"), False)
    assert (second.units, second.certain) == (("deg", "deg"), False)
    assert "values" in first.reason
    radians = pa.table({"ra": rng.uniform(0, 2 * np.pi, 500), "dec": np.arcsin(rng.uniform(-1, 1, 500))})
    assert [(form.units, form.certain) for form in forms_of(radians)] == [
        (("rad", "rad"), False),
        (("deg", "deg"), False),
    ]
    with_unit = {"ra": {"unit": "deg"}, "dec": {"unit": "deg"}}
    assert [form.is_plain and form.certain for form in forms_of(sky, with_unit)] == [True]
    strip = pa.table({"ra": rng.uniform(0, 24, 500), "dec": rng.uniform(-1, 1, 500)})
    assert [form.is_plain and form.certain for form in forms_of(strip)] == [True]


@pytest.mark.parametrize(
    ("style", "units"),
    [(":", ("hourangle", "deg")), (" ", ("hourangle", "deg")), ("hms", ("hourangle", "deg")), ("d", ("deg", "deg"))],
)
def test_sexagesimal_text_as_astropy_writes_it(style, units) -> None:
    places = SkyCoord(_RA, _DEC, unit="deg")
    ra = places.ra.to_string(
        unit=u.deg if style == "d" else u.hourangle, sep="dms" if style == "d" else style, precision=1, pad=True
    )
    dec = places.dec.to_string(sep="dms" if style in {"d", "hms"} else style, precision=0, alwayssign=True, pad=True)
    for names in (("ra", "dec"), ("RAJ2000", "DEJ2000"), ("ra_hms", "dec_dms"), ("RA_STR", "DEC_STR")):
        found = forms_of(pa.table({names[0]: ra, names[1]: dec}))
        assert [summary(form) for form in found] == [("sexagesimal", names, units, "icrs", None, True)]


def test_sexagesimal_degrees_are_told_by_values_above_24() -> None:
    assert sexagesimal_unit(["150:06:00", "03:00:00"], longitude=True) == "deg"
    assert sexagesimal_unit(["15:06:00", "--", "03:00:00", "3:0:0.5", "4:1:1"], longitude=True) == "hourangle"
    assert sexagesimal_unit(["0.5", "12"], longitude=True) is None


@pytest.mark.parametrize(
    "text", ["10:00:28.6", "-02:12:00", "+2 12 00", "10h00m28.6s", "10:00.5", "02d12m", "12h5.25m"]
)
def test_what_is_sexagesimal_is_read_by_astropy(text) -> None:
    assert is_sexagesimal(text)
    Angle(text, unit=u.hourangle if "h" in text else u.deg)


@pytest.mark.parametrize("text", ["10.5", "10", "1D05", "0.5D+00", "10:75:00", "2024-01-02", "10 20", "abc", ""])
def test_other_text_is_not_sexagesimal(text) -> None:
    assert not is_sexagesimal(text)


def test_degrees_come_before_text_and_old_equinoxes() -> None:
    table = pa.table(
        {
            "RAB1950": [149.5, 149.6],
            "DEB1950": [2.3, 2.4],
            "ra_hms": ["10:00:24", "10:00:48"],
            "dec_dms": ["+02:12:00", "-00:18:00"],
            "GLON": [120.0, 121.0],
            "GLAT": [30.0, 31.0],
            "RAJ2000": [150.1, 150.2],
            "DEJ2000": [2.1, 2.2],
        }
    )
    found = forms_of(table)
    assert [(form.columns[0], form.frame) for form in found] == [
        ("RAJ2000", "icrs"),
        ("ra_hms", "icrs"),
        ("RAB1950", "fk4"),
        ("GLON", "galactic"),
    ]
    assert found[2].equinox == "B1950"


@pytest.mark.parametrize(
    ("names", "frame", "certain"),
    [
        (("GLON", "GLAT"), "galactic", True),
        (("gal_lon", "gal_lat"), "galactic", True),
        (("l", "b"), "galactic", False),
        (("ELON", "ELAT"), "ecliptic", True),
        (("ecl_lon", "ecl_lat"), "ecliptic", True),
        (("SGL", "SGB"), "supergalactic", True),
        (("lon", "lat"), "icrs", False),
        (("RA_1950", "DEC_1950"), "fk4", True),
    ],
)
def test_names_tell_the_frame(names, frame, certain) -> None:
    form = forms_of(pa.table({names[0]: _RA, names[1]: _DEC}))[0]
    assert (form.columns, form.frame, form.certain) == (names, frame, certain)


def test_ucds_and_declared_frames_tell_the_frame() -> None:
    galactic = {"lon": {"ucd": "pos.galactic.lon"}, "lat": {"ucd": "pos.galactic.lat"}}
    assert summary(forms_of(pa.table({"lon": _RA, "lat": _DEC}), galactic)[0])[3:] == ("galactic", None, True)
    table = pa.table({"RA": _RA, "DEC": _DEC})
    for system, frame, equinox in (
        ("FK4(B1950)", "fk4", "B1950"),
        ("FK5(J1975)", "fk5", "J1975"),
        ("FK5(J2000)", "icrs", None),
        ("ICRS", "icrs", None),
        ("galactic", "galactic", None),
    ):
        form = forms_of(table, frames=dict.fromkeys(table.column_names, system))[0]
        assert (form.frame, form.equinox, form.certain) == (frame, equinox, True)
    strange = forms_of(table, frames=dict.fromkeys(table.column_names, "MARS"))[0]
    assert (strange.frame, strange.certain, strange.is_plain) == ("mars", False, False)


def test_missing_and_impossible_values_do_not_hide_a_position() -> None:
    ra, dec = [*_RA * 10, *[-9999.0] * 20], [*_DEC * 10, *[-9999.0] * 20]
    assert forms_of(pa.table({"ra": ra, "dec": dec}))[0].is_plain
    assert forms_of(pa.table({"ra": [*_RA * 10, 1000.0], "dec": [*_DEC * 10, 95.0]}))[0].is_plain
    hours = forms_of(pa.table({"ra_hours": [10.0, 12.0, 11.0, 10.5, -99.0], "dec": [*_DEC, 1.0, -99.0]}))[0]
    assert (hours.units, hours.certain) == (("hourangle", "deg"), True)
    contradiction = forms_of(pa.table({"ra_hours": [1.0, 2.0, 30.0], "dec": _DEC}))[0]
    assert (contradiction.units, contradiction.certain) == (("hourangle", "deg"), False)
    assert "outside the range" in contradiction.reason
    assert forms_of(pa.table({"ra": [1000.0, 2000.0], "dec": [1.0, 2.0]})) == ()


def test_names_of_systems() -> None:
    assert frame_of_system("eq_FK4") == Frame("fk4", "B1950")
    assert frame_of_system("eq_FK5") == Frame("icrs")
    assert frame_of_system("B1875") == Frame("fk4", "B1875")
    assert frame_of_system("ecl_FK5") == Frame("ecliptic", "J2000")
    assert frame_of_system("GALACTIC_II") == Frame("galactic")
    assert frame_of_system("supergalactic") == Frame("supergalactic")


def test_split_columns() -> None:
    parts = pa.table(
        {
            "RAh": [10, 10],
            "RAm": [0, 1],
            "RAs": [24.0, 48.0],
            "DE-": ["+", "-"],
            "DEd": [2, 0],
            "DEm": [12, 18],
            "DEs": [0, 0],
        }
    )
    expected = ("split", tuple(parts.column_names), ("hourangle", "deg"), "icrs", None, True)
    assert [summary(form) for form in forms_of(parts)] == [expected]
    without_sign = forms_of(parts.drop_columns(["DE-"]))[0]
    assert without_sign.columns[3] == ""
    assert not without_sign.certain
    assert forms_of(parts.drop_columns(["DEm"])) == ()
    renamed = parts.rename_columns(["ra_b1950_h", "ra_b1950_m", "ra_b1950_s", "sgn", "dec_b1950_d", "dec_b1950_m", "x"])
    old = forms_of(renamed)[0]
    assert (old.frame, old.equinox, old.columns[3], old.columns[6]) == ("fk4", "B1950", "", "")


def test_errors_and_other_quantities_are_no_positions() -> None:
    names = ["e_RAdeg", "e_DEdeg", "pmRA", "pmDE", "ra_error", "dec_error", "b", "latitude", "PLATE_RA", "PLATE_DEC"]
    assert position_forms([Column(name, "double") for name in names], {}) == ()
    magnitudes = pa.table({"l": [1e5, 2e5], "b": [22.0, 23.0]})
    assert forms_of(magnitudes) == ()


@pytest.mark.parametrize(
    ("name", "first", "frames"),
    [
        ("2dfgrs_final_release_random_sample", ("ra_j2000_deg", "dec_j2000_deg"), {"icrs", "fk4"}),
        ("elaisfbmc", ("RAdeg", "DEdeg"), {"icrs"}),
        ("2mrs_v240_random_sample", ("RA", "DEC"), {"icrs", "galactic"}),
        ("vvds_final_release_random_sample", ("ALPHA", "DELTA"), {"icrs"}),
        ("desi_dr1_in_lsst_dp1_fields_random_sample", ("TARGET_RA", "TARGET_DEC"), {"icrs"}),
    ],
)
def test_real_catalogues(name, first, frames) -> None:
    path = _CATALOGUES / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"the real data are not here: {path.name}")
    found = forms_of(pq.read_table(path))
    assert found[0].columns == first
    assert found[0].is_plain
    assert found[0].certain
    assert {form.frame for form in found} == frames


@pytest.mark.parametrize(
    ("unit", "known"),
    [
        ("15deg", "hourangle"),
        ("15.0 deg", "hourangle"),
        ("57.29577951308232deg", "rad"),
        ("decimal degrees", "deg"),
        ("Angle[deg]", "deg"),
        ("deg (ICRS)", "deg"),
        ("Hours", "hourangle"),
    ],
)
def test_units_are_recognised_in_other_words(unit: str, known: str) -> None:
    values = {"hourangle": [0.5, 12.0, 23.5], "rad": [0.1, 1.0, 6.2], "deg": [10.0, 200.0, 350.0]}[known]
    table = pa.table({"ra": values, "dec": [-1.0, 0.5, 1.2]})
    latitude = "rad" if known == "rad" else "deg"
    (form,) = forms_of(table, {"ra": {"unit": unit}, "dec": {"unit": latitude}})
    assert form.units == (known, latitude)
    assert form.certain


@pytest.mark.parametrize("unit", ["pixel", "7deg", "m/s", "d"])
def test_a_unit_that_is_no_angle_is_asked_for(unit: str) -> None:
    table = pa.table({"ra": [10.0, 200.0, 350.0], "dec": [-1.0, 0.5, 1.2]})
    for form in forms_of(table, {"ra": {"unit": unit}, "dec": {"unit": "deg"}}):
        assert not form.certain
    assert any(f"unit {unit} is not known" in form.reason for form in forms_of(table, {"ra": {"unit": unit}}))


def test_words_for_no_unit_are_none() -> None:
    (form,) = forms_of(pa.table({"ra": [10.0, 200.0, 350.0], "dec": [-1.0, 0.5, 1.2]}), {"ra": {"unit": "None"}})
    assert form.certain
