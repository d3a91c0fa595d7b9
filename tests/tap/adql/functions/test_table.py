"""User-defined functions against their catalogue's examples, astropy, numpy and arithmetic."""

import re

import duckdb
import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.cosmology import FlatLambdaCDM
from astropy.io.votable.ucd import check_ucd
from astropy.time import Time

from tap.adql.compiler.allowlist import ENGINE_FUNCTIONS
from tap.engine.duckdb.functions import register_kernels
from tap.kernels import KERNELS


def value(sky, expression: str):
    ((result,),) = sky.rows(f"SELECT TOP 1 {expression} AS x FROM cat.objects WHERE id = 1")
    return result


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("ivo_healpix_index(0, 1, 1)", 4),
        ("ivo_healpix_index(17, 1, 1)", 81609757711),
        ("ivo_healpix_index(17, 359, -1)", 73009064944),
        ("ivo_healpix_index(0, POINT(1, 1))", 4),
        ("ivo_healpix_index(17, POINT('ICRS', 1, 1))", 81609757711),
        ("ivo_healpix_index(17, CENTROID(CIRCLE(359, -1, 3)))", 73009064944),
        ("ivo_healpix_index(17, -1, -1)", 73009064944),
        ("ivo_healpix_center(0, 6)", (180.0, 0.0)),
        ("ivo_healpix_center(0, 12)", None),
        ("ivo_nocasematch('abcabc', 'ab%')", 1),
        ("ivo_nocasematch('ABcabc', 'ab__bc')", 1),
        ("ivo_nocasematch('abcabc', '%BC')", 1),
        ("ivo_nocasematch('abcabc', 'ABCABC')", 1),
        ("ivo_nocasematch('abcabc', 'abcab')", 0),
        ("ivo_hasword('Miller and Urey have', 'miller')", 1),
        ("ivo_hasword('shown that a primordial', 'soup')", 0),
        ("ivo_hasword('shown that a primordial', 'shown primordial')", 1),
        ("ivo_hasword('shown that a primordial', 'shown soup')", 0),
        ("ivo_hasword('LSST-DP1: photo-z', '(dp1)')", 1),
        ("ivo_hashlist_has('red#green#blue', 'red')", 1),
        ("ivo_hashlist_has('Red#green#blue', 'RED')", 1),
        ("ivo_hashlist_has('red#green#blue', 're')", 0),
        ("ivo_hashlist_has('red#green#blue', 'red#green')", 0),
        ("ivo_interval_overlaps(-2, -3, 2, 3)", 0),
        ("ivo_interval_overlaps(-2, 55.3, 2, 3)", 1),
        ("ivo_interval_overlaps(2, 3, -2, 55.3)", 1),
        ("ivo_interval_overlaps(-2, 55.3, 3, 2)", 0),
        ("ivo_interval_overlaps(-2, 2, 2, 3)", 1),
        ("ivo_interval_overlaps(-2, NULL, 2, 3)", None),
    ],
)
def test_examples_of_the_catalogue_of_udfs(sky, expression, expected):
    assert value(sky, expression) == expected


def test_the_centre_of_a_cell_is_near_its_position(sky):
    center = value(sky, "ivo_healpix_center(17, ivo_healpix_index(17, 23.4, 56.7))")
    assert center == pytest.approx((23.399843462947466, 56.70016214363192), abs=1e-12)


def test_an_index_of_any_position_is_that_of_the_sorted_one(sky):
    query = "SELECT COUNT(*) FROM cat.objects WHERE ivo_healpix_index(12, ra, dec) = ivo_healpix_index(12, ra + 0, dec)"
    assert sky.rows(query) == [(len(sky.objects),)]


@pytest.mark.parametrize("time", ["2000-01-01T12:00:00", "1858-11-17", "2026-11-24T06:00:00.250", "1970-01-01"])
def test_julian_dates_are_those_of_astropy(sky, time):
    expected = Time(time, scale="tai")
    assert value(sky, f"ivo_to_mjd(CAST('{time}' AS TIMESTAMP))") == pytest.approx(expected.mjd, abs=1e-9)
    assert value(sky, f"ivo_to_jd('{time}')") == pytest.approx(expected.jd, abs=1e-8)


def test_what_is_no_time_has_no_julian_date(sky):
    assert value(sky, "ivo_to_jd('')") is None
    assert value(sky, "ivo_to_mjd(NULL)") is None


def test_positions_move_as_astropy_moves_them(sky):
    star = SkyCoord(
        269.452 * u.deg,
        4.693 * u.deg,
        distance=(546.976 * u.mas).to(u.pc, u.parallax()),
        pm_ra_cosdec=-801.551 * u.mas / u.yr,
        pm_dec=10362.394 * u.mas / u.yr,
        radial_velocity=-110.51 * u.km / u.s,
        obstime=Time(2000.0, format="jyear", scale="tcb"),
    )
    later = star.apply_space_motion(Time(2150.0, format="jyear", scale="tcb"))
    arguments = "269.452, 4.693, 546.976, -801.551, 10362.394, -110.51, 2000, 2150"
    moved = value(sky, f"ivo_epoch_prop({arguments})")
    found = SkyCoord(moved[0], moved[1], unit="deg")
    # Astropy takes the time of light's travel into account, which is a hundredth of an arcsecond here, of 1553.
    assert found.separation(SkyCoord(later.ra, later.dec)).arcsec < 0.15
    assert moved[2] == pytest.approx(later.distance.to(u.mas, u.parallax()).value, rel=1e-4)
    assert moved[3:5] == pytest.approx((later.pm_ra_cosdec.value, later.pm_dec.value), rel=3e-4)
    assert value(sky, f"ivo_epoch_prop_pos({arguments})") == pytest.approx(moved[:2])
    back = ", ".join(repr(number) for number in moved)
    assert value(sky, f"ivo_epoch_prop({back}, 2150, 2000)") == pytest.approx(
        (269.452, 4.693, 546.976, -801.551, 10362.394, -110.51), rel=1e-9
    )


def test_missing_motions_count_as_none_and_stay_missing(sky):
    moved = value(sky, "ivo_epoch_prop(10, 20, NULL, NULL, 3600000, NULL, 2000, 2001)")
    assert moved[:2] == pytest.approx((10, 20 + np.degrees(np.arctan(np.radians(1)))))
    assert (moved[2], moved[3], moved[5]) == (None, None, None)
    assert value(sky, "ivo_epoch_prop(NULL, 20, 1, 1, 1, 1, 2000, 2001)") is None


def test_histograms_count_as_numpy_counts(sky):
    query = "SELECT ivo_histogram(z, 0.1, 0.4, 7) FROM cat.objects"
    z = np.append(np.arange(len(sky.objects)) / len(sky.objects), 9.0)
    counts = np.histogram(z[z < 0.4], 7, (0.1, 0.4))[0]
    expected = (np.count_nonzero(z < 0.1), *counts.tolist(), np.count_nonzero(z >= 0.4))
    assert sky.rows(query) == [(expected,)]
    (column,) = sky.translate(query).columns
    assert (column.datatype, column.arraysize) == ("int", "9")
    assert sky.rows("SELECT ivo_histogram(z, 0, 1, 2) FROM cat.objects WHERE id < 0") == [((0, 0, 0, 0),)]


def test_histograms_of_groups_leave_out_what_is_missing(sky):
    query = 'SELECT b, ivo_histogram(a, 0, 10, 2) AS h FROM cat."Few Rows" GROUP BY b ORDER BY b'
    assert sky.rows(query) == [(10, (0, 1, 0, 0)), (20, (0, 2, 0, 0)), (40, (0, 0, 0, 0))]


def test_random_numbers_are_normal(sky):
    numbers = np.array(sky.rows("SELECT ivo_normal_random(5, 2) FROM cat.objects")).ravel()
    assert len(set(numbers.tolist())) == len(numbers)
    assert abs(numbers.mean() - 5) < 5 * 2 / np.sqrt(len(numbers))
    assert abs(numbers.std() - 2) < 5 * 2 / np.sqrt(2 * len(numbers))
    assert value(sky, "ivo_normal_random(7, 0)") == 7.0


@pytest.mark.parametrize("flux", [1.0, 36307.8, 1e9])
def test_magnitudes_and_fluxes_are_ab(sky, flux):
    magnitude = float((flux * u.nJy).to(u.ABmag).value)
    assert value(sky, f"pz_mag({flux})") == pytest.approx(magnitude, abs=1e-9)
    assert value(sky, f"pz_flux({magnitude!r})") == pytest.approx(flux, rel=1e-9)
    assert value(sky, f"pz_mag_err({flux}, {flux} / 10)") == pytest.approx(2.5 / np.log(10) / 10)
    assert value(sky, f"pz_flux_err({magnitude!r}, 0.01)") == pytest.approx(flux * 0.01 * np.log(10) / 2.5)


def test_fluxes_that_are_not_positive_have_no_magnitude(sky):
    for flux in ("0", "-3.5", "NULL"):
        assert value(sky, f"pz_mag({flux})") is None
        assert value(sky, f"pz_mag_err({flux}, 1)") is None


def test_errors_of_redshifts(sky):
    assert value(sky, "pz_delta_z(1.2, 1.0)") == pytest.approx(0.1)
    assert value(sky, "pz_delta_z(1.2, -1)") is None
    assert [value(sky, f"pz_outlier({z}, 1.0)") for z in (1.2, 1.4, 0.6, "NULL")] == [0, 1, 1, None]
    assert value(sky, "pz_outlier(1.2, 1.0, 0.05)") == 1
    assert len(sky.ids("pz_outlier(z, 0.5) = 1")) == np.count_nonzero(
        np.abs(np.append(np.arange(len(sky.objects)) / len(sky.objects), 9.0) - 0.5) / 1.5 > 0.15
    )


def test_quantiles_are_those_of_numpy(sky):
    query = "SELECT pz_median(z), pz_quantile(z, 0.16), pz_nmad(pz_delta_z(z, 0.2)) FROM cat.objects WHERE id < 1001"
    z = np.arange(1001) / len(sky.objects)
    delta = (z - 0.2) / 1.2
    expected = (np.median(z), np.quantile(z, 0.16), 1.4826 * np.median(np.abs(delta - np.median(delta))))
    assert sky.rows(query)[0] == pytest.approx(expected)


@pytest.mark.parametrize(("h0", "matter"), [(70, 0.3), (67.66, 0.30966), (50, 1.0)])
def test_distances_are_those_of_astropy(sky, h0, matter):
    universe = FlatLambdaCDM(h0, matter, Tcmb0=0)
    for z in (1e-4, 0.3, 1.0, 7.5, 1100.0):
        more = "" if (h0, matter) == (70, 0.3) else f", {h0}, {matter}"
        assert value(sky, f"pz_comoving({z}{more})") == pytest.approx(universe.comoving_distance(z).value, rel=1e-8)
        assert value(sky, f"pz_distmod({z}{more})") == pytest.approx(universe.distmod(z).value, abs=1e-7)
    assert value(sky, f"pz_distmod(0, {h0}, {matter})") is None


def test_results_of_functions_say_what_they_are(sky):
    query = """SELECT pz_flux(mag_i) AS f, pz_flux_err(mag_i, 0.1) AS fe, pz_mag(pz_flux(mag_i)) AS m,
        pz_mag_err(pz_flux(mag_i), pz_flux_err(mag_i, 0.1)) AS me, pz_delta_z(z, 0.1) AS d, pz_outlier(z, 0.1) AS o,
        pz_comoving(z) AS c, pz_distmod(z) AS dm, ivo_to_mjd('2020-01-01') AS t, POINT(ra, dec) AS p,
        BOX(ra, dec, 1, 1) AS b, MOC('1/1') AS c2, ivo_healpix_center(3, 4) AS h FROM cat.objects"""
    columns = {column.name: column for column in sky.translate(query).columns}
    assert {name: (column.unit, column.ucd) for name, column in columns.items()} == {
        "f": ("nJy", "phot.flux.density;em.opt.I"),
        "fe": ("nJy", "stat.error;phot.flux.density;em.opt.I"),
        "m": ("mag", "phot.mag;em.opt.I"),
        "me": ("mag", "stat.error;phot.mag;em.opt.I"),
        "d": (None, "stat.error;src.redshift"),
        "o": (None, "meta.code"),
        "c": ("Mpc", "pos.distance"),
        "dm": ("mag", "phot.mag.distMod"),
        "t": ("d", "time.epoch"),
        "p": ("deg", "pos.eq"),
        "b": ("deg", "pos.outline"),
        "c2": (None, "pos.outline"),
        "h": ("deg", "pos.eq"),
    }
    middles = "SELECT pz_median(z), pz_quantile(z, 0.5), pz_nmad(z), MAX(z), MIN(z), AVG(z) FROM cat.objects"
    for column in (*columns.values(), *sky.translate(middles).columns):
        assert column.ucd
        assert check_ucd(column.ucd, check_controlled_vocabulary=True), column


def test_functions_of_the_query_process_are_those_that_may_be_called():
    connection = duckdb.connect()
    own = {name for (name,) in connection.sql("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()}
    register_kernels(connection)
    now = {name for (name,) in connection.sql("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()}
    connection.close()
    assert now - own == set(KERNELS)
    assert not ENGINE_FUNCTIONS & set(KERNELS)
    assert all(re.fullmatch(r"(arr|pdf|sky)_[a-z_]+", name) for name in KERNELS)
