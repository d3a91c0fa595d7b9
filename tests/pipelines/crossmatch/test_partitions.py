"""Pairs found in partitions of the sky are those found in one piece, and each partition is small."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import TooLargeError
from pipelines.combine import Spill, combine_redshifts, load_configuration
from pipelines.crossmatch import SkyPositions, find_pairs_within
from pipelines.crossmatch.partitions import DividedSky
from tests.pipelines.combine.golden import GOLDEN, combined_with, needs_golden, tables_of, todays_rules

#: Poles, the meridian, corners at which three and four base cells meet, and a place like any other.
_CENTRES = [(0.0, 90.0), (200.0, -90.0), (0.0, 0.0), (45.0, 0.0), (0.0, 41.8103149), (90.0, -41.8103149), (53.1, -28.1)]


def _around(centre, rows, spread, seed):
    """Scatter positions around a place on the sphere, with a normal distribution of so many arcseconds."""
    ra, dec = np.radians(centre)
    axis = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    vectors = axis + np.random.default_rng(seed).normal(0, np.radians(spread / 3600), (rows, 3))
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    return np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) % 360, np.degrees(np.arcsin(vectors[:, 2]))


def _same(first, second):
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in ("left", "right", "separation"))


@pytest.mark.parametrize("centre", _CENTRES)
@pytest.mark.parametrize("radius", [0.5, 40.0])
def test_partitions_change_nothing_anywhere_on_the_sky(centre, radius):
    ra, dec = _around(centre, 600, 8 * radius, 1)
    ra[::97] = np.nan
    positions = SkyPositions(ra, dec)
    whole = find_pairs_within(positions, radius)
    assert len(whole) > 300
    for most in (1, 20, 150):
        assert _same(find_pairs_within(positions, radius, rows_in_partition=most), whole)


@given(
    st.sampled_from(_CENTRES),
    st.floats(1e-3, 3e5),
    st.floats(1e-2, 30),
    st.integers(1, 7),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None)
def test_partitions_change_nothing_for_any_radius(centre, radius, spread, most, seed):
    positions = SkyPositions(*_around(centre, 60, radius * spread, seed))
    whole = find_pairs_within(positions, radius)
    assert _same(find_pairs_within(positions, radius, rows_in_partition=most), whole)


def test_partitions_are_as_small_as_asked_and_hold_every_row_once():
    random = np.random.default_rng(4)
    positions = SkyPositions(random.uniform(0, 360, 5000), np.degrees(np.arcsin(random.uniform(-1, 1, 5000))))
    sky = DividedSky(positions.vectors, 0.5)
    rows = []
    for partition in sky.partitions(60):
        places, own = sky.places(partition)
        assert 0 < own <= 60
        assert len(places) < 1.5 * own + 10
        rows += places[:own].tolist()
    assert sorted(rows) == list(range(5000))


def test_a_crowd_that_cannot_be_divided_is_refused():
    crowd = SkyPositions(np.full(30_000, 12.0), np.full(30_000, -3.0))
    with pytest.raises(TooLargeError, match="placeholders"):
        find_pairs_within(crowd, 1.0, rows_in_partition=1000)


@needs_golden
@pytest.mark.parametrize("name", ["crc_edge", "crc_mark4"])
def test_real_catalogues_are_combined_to_the_same_table(name, tmp_path):
    configuration = load_configuration(GOLDEN / "configs" / f"{name}.yaml")
    on_disk = Spill(tmp_path, rows_in_memory=0, rows_in_partition=5)
    made = combine_redshifts(tables_of(configuration), configuration, rules=todays_rules(), spill=on_disk)
    expected = combined_with(name)
    assert expected.report.pairs
    assert made.table.read().equals(expected.table)
    assert made.report == expected.report
