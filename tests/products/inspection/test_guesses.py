"""Guesses of column meanings agree with those that people chose for real catalogues."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io.votable.ucd import check_ucd

from core.columns import Column, column_of_field
from core.photoz.forms import DensityForm
from products.inspection.column_statistics import StatisticsGatherer
from products.inspection.guesses import Guess, best_assignment, guess_meanings
from products.inspection.meanings import MEANINGS
from products.inspection.photometry import guess_ucds

_DATA = Path(__file__).parents[4] / "shared" / "data"
_CATALOGUES = _DATA / "redshift_catalogs"

#: What the README of the data, the configurations of pipelines that use them, or else their authors say.
_REAL = {
    "2dfgrs_final_release_random_sample": {
        "ra": "ra_j2000_deg",
        "dec": "dec_j2000_deg",
        "z": "z",
        "z_flag": "quality",
        "survey": "survey_name",
        "id": "name",
    },
    "2dflens_final_release_random_sample": {
        "ra": "RA",
        "dec": "Dec",
        "z": "z",
        "z_flag": "qual",
        "survey": "survey_name",
        "id": "unique_id",
    },
    "2mrs_v240_random_sample": {
        "ra": "RA",
        "dec": "DEC",
        "z": "redshift",
        "z_err": "redshift_err",
        "survey": "survey_name",
        "id": "TMID",
    },
    "3dhst_v4.1.5_random_sample": {
        "ra": "ra",
        "dec": "dec",
        "z": "z_best",
        "z_flag": "z_best_s",
        "survey": "survey_name",
        "id": "phot_id",
    },
    "6dfgs_dr3_random_sample": {
        "ra": "RA_deg",
        "dec": "DEC_deg",
        "z": "Z",
        "z_flag": "QUALITY",
        "survey": "survey_name",
        "id": "TARGETID",
    },
    "desi_dr1_in_lsst_dp1_fields_random_sample": {
        "ra": "TARGET_RA",
        "dec": "TARGET_DEC",
        "z": "Z",
        "z_err": "ZERR",
        "z_flag": "ZWARN",
        "survey": "survey_name",
        "id": "TARGETID",
    },
    "elaisfbmc": {
        "ra": "RAdeg",
        "dec": "DEdeg",
        "z": "zbest",
        "z_flag": "zbest_quality",
        "survey": "survey_name",
        "id": "ELAIS",
    },
    "elaiss1oid": {
        "ra": "RAdeg",
        "dec": "DEdeg",
        "z": "zfinal",
        "z_flag": "zfinal_quality",
        "survey": "survey_name",
        "id": "XMMES1",
    },
    "mosdef_final_release_random_sample": {
        "ra": "RA",
        "dec": "DEC",
        "z": "Z_MOSFIRE",
        "z_flag": "Z_QUAL",
        "survey": "survey_name",
        "id": "ID",
    },
    "vvds_final_release_random_sample": {
        "ra": "ALPHA",
        "dec": "DELTA",
        "z": "Z",
        "z_flag": "ZFLAGS",
        "survey": "survey_name",
        "id": "ID-IAU",
    },
    "z_cat_NED_clean_sitcomtn-154_random_sample": {
        "ra": "RA",
        "dec": "DEC",
        "z": "redshift",
        "z_flag": "quality",
        "survey": "source",
    },
    "test_survey_col_missing": {"ra": "ra", "dec": "dec", "z": "z", "z_flag": "z_flag", "id": "id"},
}


def guesses_of(table: pa.Table) -> tuple[Guess, ...]:
    gatherer = StatisticsGatherer(table.schema)
    for batch in table.to_batches():
        gatherer.add(batch)
    return guess_meanings([column_of_field(field) for field in table.schema], gatherer.statistics())


def chosen(table: pa.Table) -> dict[str, str]:
    return {key: column for column, key in best_assignment(guesses_of(table)).items()}


def real(path: Path) -> pa.Table:
    if not path.exists():
        pytest.skip(f"the real data are not here: {path.name}")
    return pq.read_table(path)


@pytest.mark.parametrize("name", _REAL)
def test_guesses_on_real_catalogues_are_those_of_people_in_any_order_of_columns(name) -> None:
    table = real(_CATALOGUES / f"{name}.parquet")
    assert chosen(table) == _REAL[name]
    for order in (table.column_names[::-1], sorted(table.column_names)):  # HDF5 sorts its datasets
        assert chosen(table.select(order)) == _REAL[name]


def test_guesses_on_photometry_take_no_filter_for_a_redshift() -> None:
    found = chosen(real(_DATA / "rail" / "test_dc2_training_9816.pq"))
    assert found == {"z": "redshift", "id": "id"}
    found = chosen(real(_DATA / "rail" / "rubin_dm_dc2_example.pq"))
    assert found == {"ra": "ra", "dec": "decl", "id": "objectId"}
    bands = pa.table({band: [24.1, 23.2] for band in "ugrizy"} | {f"{band}_err": [0.1, 0.2] for band in "ugrizy"})
    assert chosen(bands) == {}


def test_a_ucd_says_more_than_a_name() -> None:
    columns = [
        Column("x1", "double", unit="deg", ucd="pos.eq.ra;meta.main"),
        Column("x2", "double", unit="deg", ucd="pos.eq.dec;meta.main"),
        Column("ra", "double", unit="deg", ucd="pos.galactic.lon"),
        Column("x3", "float", ucd="src.redshift.phot"),
        Column("x4", "float", ucd="stat.error;src.redshift"),
    ]
    expected = {"x1": "ra", "x2": "dec", "x3": "z", "x4": "z_err"}
    assert best_assignment(guess_meanings(columns, {})) == expected


def test_columns_of_one_position_are_chosen_together() -> None:
    columns = [Column(name, "double") for name in ("PLATE_RA", "PLATE_DEC", "TARGET_RA", "TARGET_DEC", "fiber_ra")]
    assert best_assignment(guess_meanings(columns, {})) == {"TARGET_RA": "ra", "TARGET_DEC": "dec"}


@pytest.mark.parametrize(
    ("names", "meanings"),
    [
        ("ALPHAWIN_SKY DELTAWIN_SKY z_MUSE confid", "ra dec z z_flag"),
        ("ALPHA_SKY DELTA_SKY zMUSE", "ra dec z"),
        ("alphaJ deltaJ z_best", "ra dec z"),
        ("RA_ABCD DEC_ABCD z_ABCD zflg_ABCD zerr_ABCD", "ra dec z z_flag z_err"),
        ("X_WORLD Y_WORLD Z_VI QF", "ra dec z z_flag"),
        ("lon lat zABCD ZQUALITY_ABCD e_z_ABCD", "ra dec z z_flag z_err"),
    ],
)
def test_a_known_stem_with_a_suffix_is_guessed(names: str, meanings: str) -> None:
    columns = [Column(name, "double") for name in names.split()]
    assert best_assignment(guess_meanings(columns, {})) == dict(zip(names.split(), meanings.split(), strict=True))


@pytest.mark.parametrize("name", ["zflg_mag", "z_err_flux", "class_star_x", "flags_auto", "zip_code", "e_zmag_auto"])
def test_a_suffix_makes_no_error_or_flag_of_a_redshift(name: str) -> None:
    columns = [Column("ra", "double"), Column("dec", "double"), Column("z", "double"), Column(name, "double")]
    assert name not in best_assignment(guess_meanings(columns, {}))


def test_the_reason_is_said_in_words() -> None:
    table = pa.table({"RAJ2000": pa.array([0.1, 359.9])})
    table = table.cast(pa.schema([pa.field("RAJ2000", pa.float64(), metadata={"unit": "deg"})]))
    best = guesses_of(table)[0]
    assert (best.meaning, best.reason) == ("ra", "name RAJ2000, unit deg, values 0.1 to 359.9")
    assert 0.9 < best.score <= 1


@pytest.mark.parametrize(
    "name", ["ra_err", "e_ra", "pmra", "RAh", "ra_j2000_m", "delta_ra", "sigma_dec", "DEs", "frac"]
)
def test_errors_and_components_are_no_positions(name) -> None:
    assert best_assignment(guess_meanings([Column(name, "double")], {})) == {}


def test_values_speak_against_a_name() -> None:
    table = pa.table({"z": [22.0, 23.5, 24.1], "dec": [1000.0, 2000.0, 3000.0]})
    assert chosen(table) == {}


def test_text_with_angles_or_numbers_is_no_identifier() -> None:
    commas = [f"{number},5" for number in range(100, 130)]
    sexagesimal = [f"10:00:{number}.5" for number in range(10, 40)]
    assert chosen(pa.table({"ra": commas, "dec": commas, "z": commas})) == {}
    assert chosen(pa.table({"ra": sexagesimal, "dec": sexagesimal})) == {}
    assert chosen(pa.table({"source": [f"{number:08d}" for number in range(30)]})) == {"id": "source"}


def test_columns_without_a_telling_name_are_identifiers_by_their_values() -> None:
    rows = np.arange(100)
    names = pa.array([f"ELAISC15_{number}" for number in rows])
    for order in (["XMM", "Field"], ["Field", "XMM"]):
        assert chosen(pa.table({"XMM": rows[::-1] + 7, "Field": rows % 5}).select(order)) == {"id": "XMM"}
        assert chosen(pa.table({"XMM": names, "Field": rows * 7 % 10}).select(order)) == {"id": "XMM"}
    assert chosen(pa.table({"Field": rows % 5, "__index_level_0__": rows})) == {}


def test_errors_and_flags_are_those_of_the_chosen_redshift() -> None:
    columns = [Column(name, "double") for name in ("z_spec", "z_phot_err", "z_spec_err", "z_phot_flag", "z_spec_flag")]
    assert best_assignment(guess_meanings(columns, {})) == {
        "z_spec": "z",
        "z_spec_err": "z_err",
        "z_spec_flag": "z_flag",
    }
    assert best_assignment(guess_meanings(columns[:2], {})) == {"z_spec": "z"}
    assert best_assignment(guess_meanings(columns[1:], {})) == {}


def test_a_redshift_without_values_gives_way_to_a_photometric_one() -> None:
    table = pa.table({"z_spec": pa.array([None] * 50, pa.float64()), "z_phot": np.linspace(0.1, 2, 50)})
    assert chosen(table) == {"z": "z_phot"}
    table = pa.table({"z_spec": pa.array([0.5] + [None] * 49, pa.float64()), "z_phot": np.linspace(0.1, 2, 50)})
    assert chosen(table) == {"z": "z_spec"}


def test_a_photometric_redshift_by_ucd_comes_after_a_spectroscopic_one() -> None:
    columns = [Column("x1", "double", ucd="src.redshift.phot"), Column("zCOSMOS", "double")]
    assert best_assignment(guess_meanings(columns, {})) == {"zCOSMOS": "z"}
    columns = [Column("zphot", "double", ucd="src.redshift"), Column("x2", "double", ucd="src.redshift;meta.main")]
    assert best_assignment(guess_meanings(columns, {})) == {"x2": "z"}


def test_ucds_of_photometry_are_guessed() -> None:
    names = {
        "mag_g_lsst": "phot.mag;em.opt.B",
        "magerr_i": "stat.error;phot.mag;em.opt.I",
        "e_Kmag": "stat.error;phot.mag;em.IR.K",
        "FLUX_W1": "phot.flux.density;em.IR.3-4um",
        "r_gaap1p0FluxErr": "stat.error;phot.flux.density;em.opt.R",
        "EBV": "phot.color.excess",
    }
    found = guess_ucds([Column(name, "float") for name in [*names, "BmagE", "r_Jmag", "image", "redmagic"]])
    assert {guess.column: guess.ucd for guess in found} == names


def test_all_ucds_are_words_of_the_vocabulary() -> None:
    names = [
        f"{start}{band}{end}" for band in "ubvgrizyjhk" for start, end in (("mag_", ""), ("e_", "mag"), ("flux_", ""))
    ]
    names += ["w1mag", "w2mag", "ch1_flux", "nuvmag", "fuvmag", "pmra", "pmdec", "parallax", "glon", "glat", "snr"]
    names += ["chi2", "mjd", "spectype", "healpix", "exptime", "ebv"]
    guesses = guess_ucds([Column(name, "double") for name in names])
    assert len(guesses) == len(names)
    for ucd in [*(meaning.ucd for meaning in MEANINGS), *(guess.ucd for guess in guesses)]:
        assert check_ucd(ucd, check_controlled_vocabulary=True), ucd


@pytest.mark.parametrize("truth", ["z_true", "redshift_true", "truth_z", "z_in"])
@pytest.mark.parametrize(("other", "chosen"), [("zmode", "zmode"), ("z_best", "z_best"), (None, None)])
def test_the_truth_is_never_the_redshift_of_estimates(truth: str, other: str | None, chosen: str | None):
    density = Column("pz", "double", "2", density=DensityForm("interp", 2, (0.0, 1.0)).to_json())
    columns = [Column(name, "double") for name in ("objectId", truth, other) if name]
    meanings = best_assignment(guess_meanings([*columns, density], {}))
    assert next((name for name, meaning in meanings.items() if meaning == "z"), None) == chosen
