"""Statistics of groups under their customary names, against numpy."""

import numpy as np
import pytest

from tap.adql import QueryError

_IDS = 300


@pytest.fixture(scope="module")
def pairs(sky) -> np.ndarray:
    return np.array(sky.rows(f"SELECT ra, dec FROM cat.objects WHERE id < {_IDS}"))


def one(sky, expression: str, where: str = f"id < {_IDS}"):
    ((result,),) = sky.rows(f"SELECT {expression} FROM cat.objects WHERE {where}")
    return result


def test_statistics_are_those_of_numpy(sky, pairs):
    ra, dec = pairs.T
    expected = {
        "STDDEV(ra)": np.std(ra, ddof=1),
        "STDDEV_SAMP(ra)": np.std(ra, ddof=1),
        "STDDEV_POP(ra)": np.std(ra),
        "VARIANCE(ra)": np.var(ra, ddof=1),
        "VAR_SAMP(ra)": np.var(ra, ddof=1),
        "VAR_POP(ra)": np.var(ra),
        "CORR(ra, dec)": np.corrcoef(ra, dec)[0, 1],
        "COVAR_SAMP(ra, dec)": np.cov(ra, dec)[0, 1],
        "COVAR_POP(ra, dec)": np.cov(ra, dec, ddof=0)[0, 1],
        "MEDIAN(ra)": np.median(ra),
        "PERCENTILE_CONT(ra, 0.27)": np.quantile(ra, 0.27),
        "PERCENTILE_DISC(ra, 0.27)": np.quantile(ra, 0.27, method="inverted_cdf"),
    }
    assert {name: one(sky, name) for name in expected} == pytest.approx(expected, rel=1e-9)


def test_undefined_statistics_are_missing(sky):
    assert one(sky, "STDDEV(ra)", "id = 1") is None
    assert one(sky, "STDDEV_POP(ra)", "id = 1") == 0
    assert one(sky, "CORR(ra, 1)") is None
    assert one(sky, "VARIANCE(z)", "id < 0") is None
    assert one(sky, "SQRT(VARIANCE(z)) - STDDEV(z)") == pytest.approx(0, abs=1e-12)


def test_statistics_are_grouped_and_keep_units(sky):
    query = 'SELECT "size", STDDEV(ra) AS s FROM cat.objects WHERE id < 300 GROUP BY "size" ORDER BY s'
    assert len(sky.rows(query)) == 5
    assert [column.unit for column in sky.translate(query).columns] == ["arcsec", "deg"]
    assert sky.translate("SELECT VARIANCE(ra) FROM cat.objects").columns[0].unit is None


def test_fractions_are_constants(sky):
    with pytest.raises(QueryError, match="constant fraction"):
        sky.translate("SELECT PERCENTILE_DISC(z, 1.5) FROM cat.objects")
