import math

import astropy.units as u
import pytest
from astropy.coordinates import SkyCoord

from core.errors import InvalidValueError
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
    "text", ["", "COSMOS", "10:00:28", "1 2 3 4", "10:61:00 +02:00:00", "nan nan", "1 x", "10:00:28 2h00m00s", "a b c"]
)
def test_other_texts_are_refused_with_what_can_be_written(text: str):
    with pytest.raises(InvalidValueError, match=r"is no position: write .* Names of objects are not looked up\."):
        position_of_text(text)
