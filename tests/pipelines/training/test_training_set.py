"""Photometry, cuts, uniqueness, columns and split of training sets."""

import numpy as np
import pyarrow as pa
import pytest

from pipelines.training import TrainingSet, TrainingSetConfiguration, make_training_set
from pipelines.training.split import split_by_position
from pipelines.training.uniqueness import unique_pairs
from tests.pipelines.training.skies import objects_table, redshift_table

_SECOND = 1 / 3600
_FLUXES = {
    "g_psfFlux": [1e3, 1e4, -1.0, 1e5],
    "g_psfFluxErr": [10.0, 10.0, 10.0, 10.0],
    "ebv": [0.1, 0.2, 0.1, 0.1],
    "isPrimary": [True, True, True, False],
}


def _made(redshifts: pa.Table, objects: pa.Table, **param) -> TrainingSet:
    return make_training_set(
        redshifts, objects, TrainingSetConfiguration.model_validate({"param": {"random_seed": 7, **param}})
    )


@pytest.fixture
def redshifts() -> pa.Table:
    # In the order of their cells: the test of the order is that of the golden rows.
    return redshift_table(np.array([0.0, 0.001, 0.002, 0.003]), np.zeros(4), survey=["A", "A", "B", None])


@pytest.fixture
def objects() -> pa.Table:
    return objects_table(np.array([0.0, 0.001, 0.002, 0.003]), np.full(4, 0.1 * _SECOND), **_FLUXES)


def test_fluxes_become_dereddened_magnitudes_in_the_result(redshifts: pa.Table, objects: pa.Table) -> None:
    photometry = {"bands": ["g"], "dereddening": {"coefficients": {"g": 3.0}}, "keep_sources": False}
    made = _made(redshifts, objects, photometry=photometry, flux_type="psf")
    by_id = dict(zip(made.table["objectId"].to_pylist(), made.table["mag_g"].to_pylist(), strict=True))
    assert by_id == {0: pytest.approx(31.4 - 7.5 - 0.3), 1: pytest.approx(21.4 - 0.6), 2: None, 3: pytest.approx(18.6)}
    assert "g_psfFlux" not in made.table.column_names
    assert made.report.bands[0].not_positive == 1
    assert made.report.magnitudes[0].column == "mag_g"


def test_cuts_leave_out_objects_before_and_rows_after_the_match(redshifts: pa.Table, objects: pa.Table) -> None:
    made = _made(
        redshifts,
        objects,
        flux_type="psf",
        photometry={"bands": ["g"]},
        object_cuts=["isPrimary == 1"],
        cuts=["mag_g < 23", "z > 0"],
    )
    assert made.table["objectId"].to_pylist() == [1]
    assert [cut.left_out for cut in made.report.object_cuts] == [1]
    assert [cut.left_out for cut in made.report.cuts] == [2, 0]


def test_only_selected_columns_and_the_position_stay(redshifts: pa.Table, objects: pa.Table) -> None:
    made = _made(redshifts, objects, selected_cols=["ebv"], flag_multiple_matches=False)
    assert made.table.column_names == [
        *("source_id", "ra_specz", "dec_specz", "z", "survey"),
        *("ra", "dec", "ebv", "_dist_arcsec", "is_training_set", "_healpix_29"),
    ]


def test_an_earlier_training_set_can_be_made_again(redshifts: pa.Table, objects: pa.Table) -> None:
    first = _made(redshifts, objects.select(["objectId", "ra", "dec"])).table
    again = _made(first, objects.select(["ra", "dec"])).table
    assert {"is_training_set_specz", "_dist_arcsec_specz", "objectId", "ra_specz", "ra_specz_specz"} <= set(
        again.column_names
    )


def test_the_meanings_of_columns_follow_their_new_names(redshifts: pa.Table, objects: pa.Table) -> None:
    made = _made(redshifts, objects)
    assert made.columns == {"ra": "ra_specz", "dec": "dec_specz", "z": "z"}


def test_columns_of_objects_with_our_names_are_left_out_and_told(redshifts: pa.Table, objects: pa.Table) -> None:
    made = _made(redshifts, objects.append_column("is_training_set", pa.array([5, 5, 5, 5])))
    assert 5 not in made.table["is_training_set"].to_pylist()
    assert "is_training_set" in made.report.warnings[0]


def test_units_and_ucds_follow_into_the_result(redshifts: pa.Table, objects: pa.Table) -> None:
    field = pa.field("ebv", pa.float64(), metadata={"unit": "mag", "ucd": "phot.color.excess"})
    objects = objects.set_column(objects.column_names.index("ebv"), field, objects["ebv"])
    assert _made(redshifts, objects).table.schema.field("ebv").metadata[b"ucd"] == b"phot.color.excess"


def test_surveys_are_counted_in_the_report(redshifts: pa.Table, objects: pa.Table) -> None:
    configuration = {"inputs": {"specz": [{"columns": {"survey": "survey"}}]}}
    made = make_training_set(redshifts, objects.slice(1), TrainingSetConfiguration.model_validate(configuration))
    told = [(one.survey, one.redshifts, one.matched) for one in made.report.surveys]
    assert told == [("A", 2, 1), ("", 1, 1), ("B", 1, 1)]


def test_an_object_in_the_result_once_has_its_closest_or_best_redshift() -> None:
    redshifts = redshift_table(np.zeros(3), np.array([0.1, 0.3, 0.6]) * _SECOND, quality=[2.0, 4.0, None])
    objects = objects_table(np.zeros(1), np.zeros(1))
    assert _made(redshifts, objects, unique="objects").table["source_id"].to_pylist() == [0]
    best = _made(redshifts, objects, unique="objects", prefer="quality")
    assert best.table["source_id"].to_pylist() == [1]
    assert best.report.pairs_not_unique == 2
    assert best.table["n_redshifts_of_object"].to_pylist() == [3]


def test_unique_pairs_of_both_sides_equal_the_plain_greedy_choice() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        left, right = rng.integers(0, 8, 25), rng.integers(0, 8, 25)
        separation = rng.integers(0, 6, 25).astype(float)
        taken_left, taken_right, expected = set(), set(), np.zeros(25, dtype=bool)
        # Equal pairs do not occur in matches; the first of them wins here and there.
        for n in sorted(range(25), key=lambda n: (separation[n], left[n], right[n])):
            if left[n] not in taken_left and right[n] not in taken_right:
                taken_left.add(left[n])
                taken_right.add(right[n])
                expected[n] = True
        assert unique_pairs(left, right, separation, "both").tolist() == expected.tolist()


def test_the_split_by_position_ignores_order_and_other_rows() -> None:
    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(0, 10, 3000), rng.uniform(-5, 5, 3000)
    redshifts, objects = redshift_table(ra, dec), objects_table(ra, dec)
    param = {"split_method": "hash", "train_fraction": 0.6}
    whole, shuffled = _made(redshifts, objects, **param), rng.permutation(3000)[:1000]
    part = _made(redshifts.take(pa.array(shuffled)), objects.take(pa.array(rng.permutation(3000))), **param)
    sides = dict(zip(whole.table["source_id"].to_pylist(), whole.table["is_training_set"].to_pylist(), strict=True))
    for source, side in zip(
        part.table["source_id"].to_pylist(), part.table["is_training_set"].to_pylist(), strict=True
    ):
        assert sides[source] == side
    # Five standard deviations of a binomial distribution.
    assert abs(whole.report.training - 1800) < 5 * np.sqrt(3000 * 0.6 * 0.4)
    assert _made(redshifts, objects, **{**param, "random_seed": 8}).report.training != whole.report.training


def test_rows_that_share_an_object_or_a_redshift_are_on_one_side() -> None:
    redshift, objects = np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1])
    ra = np.array([1.0, 1.0, 2.0, 2.0])
    for seed in range(20):
        assert len(set(split_by_position(redshift, objects, ra, ra, 0.5, seed).tolist())) == 1


def test_a_seed_that_was_drawn_repeats_the_split(redshifts: pa.Table, objects: pa.Table) -> None:
    drawn = _made(redshifts, objects, random_seed=None)
    assert _made(redshifts, objects, random_seed=drawn.report.seed).table.equals(drawn.table)


def test_progress_rises_and_may_stop_the_work(redshifts: pa.Table, objects: pa.Table) -> None:
    told: list[float] = []
    make_training_set(redshifts, objects, progress=lambda fraction, _: told.append(fraction))
    assert told == sorted(told)

    def stop(fraction: float, message: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        make_training_set(redshifts, objects, progress=stop)


def test_the_report_is_json(redshifts: pa.Table, objects: pa.Table) -> None:
    text = _made(redshifts, objects).report.model_dump_json()
    assert '"rows":4' in text
