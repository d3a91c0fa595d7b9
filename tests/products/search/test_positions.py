import math
from pathlib import Path

import astropy.units as u
import pytest
from astropy.coordinates import SkyCoord

from core.errors import InvalidValueError
from products.search.fields import FIELDS, field_of_name
from products.search.positions import position_of_text

COSMOS = SkyCoord("10h00m28.6s +02d12m21s")


@pytest.mark.parametrize(
    ("text", "radius"),
    [
        ("10:00:28.6 +02:12:21", ()),
        ("10:00:28.6, +02:12:21", ()),
        ("10 00 28.6 +02 12 21", ()),
        ("10h00m28.6s +02d12m21s", ()),
        ("10H00M28.6S 2D12M21S 0.5", (0.5,)),
        ("10 00 28.6 02 12 21 0.25", (0.25,)),
        ("150d07m09s 02°12\u203221\u2033", ()),
        (f"{COSMOS.ra.deg} {COSMOS.dec.deg}", ()),
        (f" {COSMOS.ra.deg},{COSMOS.dec.deg} , 1e-1 ", (0.1,)),
    ],
)
def test_a_position_is_that_of_astropy(text: str, radius: tuple[float, ...]):
    ra, dec, *rest = position_of_text(text)
    assert SkyCoord(ra * u.deg, dec * u.deg).separation(COSMOS) < 0.001 * u.arcsec
    assert tuple(rest) == radius


@pytest.mark.parametrize(("text", "dec"), [("10:00:28 -00:30:00", -0.5), ("10 00 28 \u221200 30 36", -0.51)])
def test_the_sign_of_minus_zero_degrees_counts(text: str, dec: float):
    assert math.isclose(position_of_text(text)[1], dec)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "M 31",
        "COSMOS wide",
        "10:00:28",
        "1 2 3 4",
        "10:61:00 +02:00:00",
        "nan nan",
        "1 x",
        "10:00:28 2h00m00s",
        "a b c",
    ],
)
def test_other_texts_are_refused_with_what_can_be_written(text: str):
    with pytest.raises(InvalidValueError, match=r"is no position: write .* Names of objects are not looked up"):
        position_of_text(text)


#: Centres as the papers of the surveys print them.
@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("COSMOS", "10h00m28.6s +02d12m21.0s"),
        ("GOODS-S", "03h32m30s -27d48m20s"),
        ("GOODS-N", "12h36m55s +62d14m15s"),
        ("UDS", "02h17m37.5s -05d12m00s"),
        ("EGS", "14h17m00s +52d30m00s"),
        ("HUDF", "03h32m39.0s -27d47m29.1s"),
        ("VVDS-02h", "02h26m00s -04d30m00s"),
        ("EDF-N", "17h58m55.9s +66d01m03.7s"),
        ("EDF-S", "04h04m57.84s -48d25m22.8s"),
        ("EDF-F", "03h31m43.6s -28d05m18.6s"),
        ("Bootes", "14h32m06s +34d16m48s"),
        ("CFHTLS D3", "14h19m28s +52d40m41s"),
        ("CFHTLS D4", "22h15m31s -17d43m56s"),
    ],
)
def test_the_name_of_a_field_stands_for_its_centre(name: str, printed: str):
    ra, dec = position_of_text(name)
    assert SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(printed)) < 15 * u.arcsec


@pytest.mark.parametrize(
    ("text", "same", "radius"),
    [
        (" cosmos ", "COSMOS", ()),
        ("e-cdf-s 0.5", "ECDFS", (0.5,)),
        ("XMM LSS, 2", "XMM-LSS", (2.0,)),
        ("Boötes", "Bootes", ()),
        ("Rubin SV 38 7", "Low Ecliptic Latitude Field", ()),
        ("Rubin SV 38 7 1.5", "Low Ecliptic Latitude Field", (1.5,)),
        ("47 Tuc 0.1", "NGC 104", (0.1,)),
    ],
)
def test_names_are_read_in_any_way_of_writing_with_a_radius(text: str, same: str, radius: tuple[float, ...]):
    assert position_of_text(text) == (*position_of_text(same), *radius)


def test_the_documents_list_the_fields():
    text = (Path(__file__).parents[3] / "docs" / "explorer.md").read_text(encoding="utf-8")
    assert [
        field.names for field in FIELDS if f"| {', '.join(field.names)} | {field.ra:g} {field.dec:g} |" not in text
    ] == []


def test_no_two_fields_have_the_same_name():
    names = [name.casefold() for field in FIELDS for name in field.names]
    assert len(set(names)) == len(names)
    assert all(field_of_name(name) is field for field in FIELDS for name in field.names)
