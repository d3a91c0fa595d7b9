"""Nearest objects while a catalogue streams by, against astropy and against batches cut in other ways."""

import astropy.units as u
import numpy as np
import pyarrow as pa
from astropy.coordinates import SkyCoord, search_around_sky
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.crossmatch import SkyPositions
from pipelines.training import TrainingSetConfiguration, make_training_set
from pipelines.training.matching import NearestObjects
from tests.pipelines.training.skies import batches_of, objects_table, redshift_table

_K3 = {"random_seed": 1, "crossmatch": {"radius_arcsec": 30.0, "n_neighbors": 3}}


def _configured(**param) -> TrainingSetConfiguration:
    return TrainingSetConfiguration.model_validate({"param": param})


def test_pairs_are_those_of_astropy_at_poles_and_across_the_meridian() -> None:
    rng = np.random.default_rng(5)
    centres = [(10.0, 90.0), (200.0, -90.0), (0.0, 0.0), (45.0, 41.81), (0.0, 41.8103149)]
    ra, dec = [], []
    for centre_ra, centre_dec in centres:
        around = SkyCoord(centre_ra, centre_dec, unit="deg").directional_offset_by(
            rng.uniform(0, 360, 300) * u.deg, 60 * np.sqrt(rng.uniform(0, 1, 300)) * u.arcsec
        )
        ra.append(around.ra.deg)
        dec.append(around.dec.deg)
    ra, dec = np.concatenate(ra), np.concatenate(dec)
    left, right = np.arange(0, 1500, 5), np.setdiff1d(np.arange(1500), np.arange(0, 1500, 5))
    made = make_training_set(
        redshift_table(ra[left], dec[left]),
        batches_of(objects_table(ra[right], dec[right]), 97),
        _configured(random_seed=1, crossmatch={"radius_arcsec": 10.0, "n_neighbors": 1000}),
    )
    i, j, separation, _ = search_around_sky(
        SkyCoord(ra[left], dec[left], unit="deg"), SkyCoord(ra[right], dec[right], unit="deg"), 10 * u.arcsec
    )
    expected = dict(zip(zip(i.tolist(), j.tolist(), strict=True), separation.arcsec.tolist(), strict=True))
    pairs = zip(made.table["source_id"].to_pylist(), made.table["objectId"].to_pylist(), strict=True)
    found = dict(zip(pairs, made.table["_dist_arcsec"].to_pylist(), strict=True))
    assert found.keys() == expected.keys()
    np.testing.assert_allclose([found[k] for k in expected], list(expected.values()), rtol=0, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_the_cut_into_batches_does_not_matter(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    objects = objects_table(rng.uniform(0, 0.05, 400), rng.uniform(0, 0.05, 400))
    redshifts = redshift_table(rng.uniform(0, 0.05, 30), rng.uniform(0, 0.05, 30))
    whole = make_training_set(redshifts, batches_of(objects, 400), _configured(**_K3))
    assert make_training_set(redshifts, batches_of(objects, rows), _configured(**_K3)).table.equals(whole.table)


def test_only_the_nearest_stay_and_flags_count_all() -> None:
    second = 1 / 3600
    objects = objects_table(np.array([10.0, 10.0, 10.0]), np.array([0.4, 0.2, 0.7]) * second)
    redshifts = redshift_table(np.array([10.0, 10.0]), np.array([0.0, 0.9]) * second)
    made = make_training_set(redshifts, batches_of(objects, 1), _configured(random_seed=1))
    assert made.table["source_id"].to_pylist() == [0, 1]
    assert made.table["objectId"].to_pylist() == [1, 2]
    assert made.table["n_objects_of_redshift"].to_pylist() == [3, 3]
    assert made.table["n_redshifts_of_object"].to_pylist() == [2, 2]


def test_the_radius_itself_is_outside() -> None:
    redshifts = redshift_table(np.array([10.0, 20.0]), np.array([0.0, 0.0]))
    objects = objects_table(np.array([10.0, 20.0]), np.array([0.999, 1.001]) / 3600)
    made = make_training_set(redshifts, objects, _configured(random_seed=1))
    assert made.table["source_id"].to_pylist() == [0]


def test_objects_without_a_position_match_nothing() -> None:
    objects = objects_table(np.array([10.0, np.nan, 10.0]), np.array([0.0, 0.0, -999.0]))
    made = make_training_set(redshift_table(np.array([10.0]), np.array([0.0])), objects, _configured())
    assert made.table["objectId"].to_pylist() == [0]
    assert made.report.objects_passed == 3


def test_a_wide_radius_looks_at_the_whole_sky() -> None:
    redshifts = redshift_table(np.array([10.0]), np.array([89.9]))
    objects = pa.table({"ra": [190.0], "dec": [89.5], "objectId": [4]})
    made = make_training_set(redshifts, objects, _configured(crossmatch={"radius_arcsec": 3600.0}))
    np.testing.assert_allclose(made.table["_dist_arcsec"].to_numpy(), [0.6 * 3600], atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_letting_go_of_farther_objects_on_the_way_does_not_matter(neighbors: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    objects = objects_table(rng.uniform(0, 0.02, 500), rng.uniform(0, 0.02, 500))
    places = SkyPositions(rng.uniform(0, 0.02, 20), rng.uniform(0, 0.02, 20))
    found = []
    for pending_bytes in (0, 2**20):
        nearest = NearestObjects(places, 20.0, neighbors, pending_bytes=pending_bytes)
        for batch in batches_of(objects, 50):
            nearest.add(batch, batch["ra"].to_numpy(), batch["dec"].to_numpy())
        found.append(nearest.matches(objects.schema))
    often, once = found
    assert often.objects.equals(once.objects)
    for name in ("redshift", "object", "separation", "redshifts_of_object", "objects_of_redshift"):
        np.testing.assert_array_equal(getattr(often, name), getattr(once, name))
