"""Crossmatches equal those of astropy, for tables in memory and for products."""

import numpy as np
import pandas as pd
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord, search_around_sky
from astropy.table import Table
from pzserver import InvalidValueError, PzServer


def sky(table: Table) -> SkyCoord:
    return SkyCoord(table["ra"], table["dec"], unit="deg")


@pytest.mark.parametrize("kind", ["frame", "product", "file", "positions"])
def test_the_nearest_are_those_of_astropy(surveys, kind, tmp_path):
    path = tmp_path / "shallow.parquet"
    surveys.shallow_rows.write(path)
    others = {
        "frame": surveys.shallow_rows.to_pandas(),
        "product": surveys.shallow,
        "file": path,
        "positions": sky(surveys.shallow_rows),
    }
    index, distance, _ = sky(surveys.shallow_rows).match_to_catalog_sky(sky(surveys.deep_rows))
    near = distance < 2 * u.arcsec

    found = surveys.deep.crossmatch(others[kind], "2 arcsec", columns=["num", "ra"])

    matched = "num" if kind == "positions" else "num_2"
    order = np.argsort(found["ra"])
    expected = np.argsort(surveys.shallow_rows["ra"][near])
    assert 0 < near.sum() < len(near)
    np.testing.assert_array_equal(found[matched][order], surveys.deep_rows["num"][index[near]][expected])
    np.testing.assert_allclose(found["separation"][order], distance[near].arcsec[expected], atol=1e-8)
    assert (found.columns[-2], str(found["separation"].unit)) == ("ra_2", "arcsec")


def test_all_pairs_are_those_of_astropy_and_rows_without_positions_match_nothing(surveys):
    frame = surveys.shallow_rows.to_pandas().rename(columns={"ra": "x", "dec": "y"})
    frame.loc[0, "x"] = np.nan
    left, right, _, _ = search_around_sky(sky(surveys.shallow_rows[1:]), sky(surveys.deep_rows), 20 * u.arcsec)

    found = surveys.deep.crossmatch(frame, 20 * u.arcsec, pairs="all", positions=("x", "y"), columns=["num"])

    pairs = set(zip(found["num"], found["num_2"], strict=True))
    assert len(found) == len(left) > len(frame)
    numbers = surveys.shallow_rows["num"][1:], surveys.deep_rows["num"]
    assert pairs == set(zip(numbers[0][left], numbers[1][right], strict=True))


def test_units_and_ucds_of_positions_are_taken_into_account(surveys):
    plain = surveys.shallow_rows["num", "ra", "dec"]
    table = Table({"ra": np.zeros(len(plain)), "a": np.radians(plain["ra"]), "d": np.radians(plain["dec"])})
    table["a"].unit = table["d"].unit = "rad"
    table["a"].meta["ucd"], table["d"].meta["ucd"] = "pos.eq.ra;meta.main", "pos.eq.dec;meta.main"

    assert len(surveys.deep.crossmatch(table, "2 arcsec")) == len(surveys.deep.crossmatch(plain, "2 arcsec")) > 0


@pytest.mark.parametrize(
    ("other", "radius", "reason"),
    [
        ({"ra": [1.0], "dec": [1.0]}, 1, "is not an angle; give it with its unit"),
        ({"ra": [1.0], "dec": [1.0]}, "1 kg", "is not an angle"),
        ({"ra": [1.0], "dec": [1.0]}, "-1 deg", "not an angle between 0 and 180"),
        (pd.DataFrame({"a": [1.0], "b": [1.0]}), "1 arcsec", "not known among the columns a, b"),
        ({"ra": ["x"], "dec": ["y"]}, "1 arcsec", "'ra' does not hold numbers"),
    ],
)
def test_what_cannot_be_matched_is_named(surveys, other, radius, reason):
    with pytest.raises(InvalidValueError, match=reason):
        surveys.deep.crossmatch(other, radius)


def test_positions_far_away_match_nothing(ours: PzServer, surveys):
    found = surveys.deep.crossmatch({"ra": [10.0], "dec": [0.0]}, "1 arcsec", columns=["z"])

    assert (len(found), found.columns) == (0, ("ra", "dec", "z", "separation"))
