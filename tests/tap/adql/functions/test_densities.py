"""Functions of p(z) in each form against qp, and against the metrics that qp and RAIL computed."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from astropy.io.votable.ucd import check_ucd
from numpy.testing import assert_allclose
from scipy.stats import kstest

from core.columns import Column
from core.photoz.forms import DensityForm
from tap.adql import Catalog, CatalogTable, QueryError, Translation, translate
from tap.adql.functions.densities import DENSITY_FUNCTIONS
from tap.adql.functions.features import LANGUAGE_FEATURES
from tap.engine.duckdb.functions import register_kernels
from tests.core.photoz.samples import FORMS, OBJECTS, densities_of, ensemble

_SHARED = Path(__file__).resolve().parents[5] / "shared" / "data" / "validation"
_Z = np.random.default_rng(3).uniform(0.05, 2.9, OBJECTS)
_GRID = np.linspace(0.1, 2.9, 29)


class Estimates:
    """Tables of densities in an engine, which answers queries of ADQL."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("SET integer_division=true; SET ieee_floating_point_ops=false; SET threads=1")
        self._connection.execute("SET error_on_division_by_zero=false; CREATE SCHEMA products")
        register_kernels(self._connection)
        self._tables: dict[str, CatalogTable] = {}

    def add(self, name: str, columns: dict[str, pa.Array], forms: dict[str, DensityForm]) -> None:
        described = tuple(
            Column(column, "double", str(forms[column].size), density=forms[column].to_json())
            if column in forms
            else Column(column, "int" if array.type == pa.int32() else "double", "*" if _is_list(array) else None)
            for column, array in columns.items()
        )
        table = CatalogTable(f"cat.{name}", described, None, False, "products", name)
        self._tables[name] = table
        self._connection.register("incoming", pa.table(columns))
        self._connection.execute(f"CREATE TABLE products.{name} AS SELECT * FROM incoming")
        self._connection.unregister("incoming")

    def translated(self, query: str) -> Translation:
        return translate(query, Catalog(self._tables.values()))

    def rows(self, query: str) -> list[tuple]:
        return self._connection.sql(self.translated(query).sql).fetchall()

    def columns(self, query: str) -> list[np.ndarray]:
        return [np.array(column, dtype=float) for column in zip(*self.rows(query), strict=True)]


def _is_list(array: pa.Array) -> bool:
    return pa.types.is_list(array.type)


def qp_mean(grid: np.ndarray, values: np.ndarray) -> float:
    import qp

    return np.ravel(qp.Ensemble(qp.interp, data={"xvals": grid, "yvals": values[None]}).mean())[0]


def _lists(values: np.ndarray, kind: pa.DataType | None = None) -> pa.Array:
    return pa.array(list(values), pa.list_(kind or pa.float64()))


@pytest.fixture(scope="module")
def made():
    return {form: ensemble(form) for form in FORMS}


@pytest.fixture(scope="module")
def estimates(made):
    result = Estimates()
    ours = {form: densities_of(form, made[form]) for form in FORMS}
    numbers = {
        "id": pa.array(range(OBJECTS), pa.int32()),
        "z": pa.array(_Z),
        "p": pa.array(np.linspace(0.01, 0.99, OBJECTS)),
    }
    arrays = {form: _lists(densities.parameters) for form, densities in ours.items()}
    result.add("forms", numbers | arrays, {form: densities.form for form, densities in ours.items()})
    odd = [
        [0.0, 1.0, 1.0],
        None,
        [1.0, 1.0],
        [0.0, 0.0, 0.0],
        [0.0, None, 1.0],
        [0.0, float("nan"), 1.0],
        [0.0, float("inf"), 1.0],
    ]
    few = {"id": pa.array(range(len(odd)), pa.int32()), "pz": pa.array(odd, pa.list_(pa.float32()))}
    few["other"], few["plain"] = few["pz"], few["pz"]
    form = DensityForm("interp", 3, (0.0, 1.0, 2.0))
    result.add("odd", few, {"pz": form, "other": DensityForm("hist", 3, (0.0, 0.5, 1.0, 2.0))})
    return result


@pytest.mark.parametrize("form", FORMS)
def test_values_are_those_of_qp(estimates, made, form):
    z = "z" if form != "gamma" else "z + 1"  # outside of the support, qp gives NaN
    at = _Z if form != "gamma" else _Z + 1
    each, constant, cdf, pit, between, varying = estimates.columns(
        f"SELECT pz_density({form}, {z}), pz_density({form}, 1.37), pz_cdf({form}, 1.37), pz_pit({form}, {z}),"
        f" pz_probability({form}, 1.2, 1.9), pz_probability({form}, {z} - 0.1, {z} + 0.1) FROM cat.forms ORDER BY id"
    )
    theirs = made[form]
    close = {"rtol": 1e-9, "atol": 1e-9}
    assert_allclose(each, np.nan_to_num(theirs.pdf(at[:, None])[:, 0]), **close)
    assert_allclose(constant, np.nan_to_num(theirs.pdf(1.37)[:, 0]), **close)
    assert_allclose(cdf, np.nan_to_num(theirs.cdf(1.37)[:, 0]), **close)
    assert_allclose(pit, np.nan_to_num(theirs.cdf(at[:, None])[:, 0]), **close)
    low, high = (np.nan_to_num(theirs.cdf(limit)[:, 0]) for limit in (1.2, 1.9))
    assert_allclose(between, high - low, **close)
    ends = [np.nan_to_num(theirs.cdf(limit[:, None])[:, 0]) for limit in (at - 0.1, at + 0.1)]
    assert_allclose(varying, ends[1] - ends[0], **close)


@pytest.mark.parametrize("form", FORMS)
def test_point_estimates_are_those_of_qp(estimates, made, form):
    median, lower, each, mean, width, mode = estimates.columns(
        f"SELECT pz_median({form}), pz_quantile({form}, 0.16), pz_quantile({form}, p), pz_mean({form}), pz_std({form}),"
        f" pz_mode({form}) FROM cat.forms ORDER BY id"
    )
    theirs, levels = made[form], np.linspace(0.01, 0.99, OBJECTS)
    if form in {
        "mixmod",
        "spline",
    }:  # qp reads quantiles off a grid, or has none: what is asked is the inverse of its CDF
        for found, level in ((median, 0.5), (lower, 0.16), (each, levels)):
            assert_allclose(theirs.cdf(found[:, None])[:, 0], np.broadcast_to(level, OBJECTS), atol=1e-6)
    else:
        assert_allclose(median, theirs.median()[:, 0], rtol=1e-9)
        assert_allclose(lower, theirs.ppf(0.16)[:, 0], rtol=1e-9)
        assert_allclose(each, theirs.ppf(levels[:, None])[:, 0], rtol=1e-9)
    if form in {"interp", "hist", "norm", "gamma"}:
        assert_allclose(mean, np.ravel(theirs.mean()), rtol=1e-9)
        assert_allclose(width, np.ravel(theirs.std()), rtol=1e-6)
    at_mode = theirs.pdf(mode[:, None])[:, 0]
    on_grid = theirs.pdf(np.linspace(0.1, 2.9, 400))
    assert np.all(at_mode >= 0.99 * np.nanmax(on_grid, axis=1))


@pytest.mark.parametrize("form", FORMS)
def test_scores_are_those_of_their_definitions(estimates, made, form):
    mode, odds, wide, score = estimates.columns(
        f"SELECT pz_mode({form}), pz_odds({form}), pz_odds({form}, 0.2), pz_crps({form}, z) FROM cat.forms ORDER BY id"
    )
    theirs = made[form]
    for found, half_width in ((odds, 0.06), (wide, 0.2)):
        reach = half_width * (1 + mode)
        low, high = (np.nan_to_num(theirs.cdf(end[:, None])[:, 0]) for end in (mode - reach, mode + reach))
        assert_allclose(found, high - low, atol=1e-6)
    grid = np.linspace(-1, 12, 26_001)
    cdf = np.nan_to_num(theirs.cdf(grid))
    if form == "spline":  # outside of its knots, qp extrapolates
        cdf = np.where(grid < 0, 0.0, np.where(grid > 3, 1.0, cdf))
    expected = np.trapezoid((cdf - (grid >= _Z[:, None])) ** 2, grid, axis=1)
    assert_allclose(score, expected, rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize("form", FORMS)
def test_a_stack_is_the_sum_of_what_qp_has(estimates, made, form):
    ((found, parts),) = estimates.rows(f"SELECT pz_nz({form}, 0.1, 2.9, 29), COUNT(*) FROM cat.forms WHERE id >= 10")
    assert parts == OBJECTS - 10
    assert_allclose(found, np.nan_to_num(made[form].pdf(_GRID))[10:].sum(axis=0), rtol=1e-9, atol=1e-9)


def test_a_stack_of_each_group_is_a_density_itself(estimates, made):
    query = "SELECT MOD(id, 3) AS part, pz_nz(interp) AS nz FROM cat.forms GROUP BY MOD(id, 3)"
    (column,) = estimates.translated(f"SELECT nz FROM ({query}) AS q").columns
    form = DensityForm.from_json(column.density)
    assert (form.name, column.arraysize, column.utype) == ("interp", str(form.size), "photoz:density")
    grid = np.array(form.grid)
    for part, mean, median, total in estimates.rows(f"SELECT part, pz_mean(nz), pz_median(nz), nz FROM ({query}) AS q"):
        values = made["interp"].pdf(grid)[int(part) :: 3].sum(axis=0)
        assert_allclose(total, values, rtol=1e-9)
        assert mean == pytest.approx(qp_mean(grid, values))
        assert grid[0] < median < grid[-1]
    ((bins, points),) = estimates.rows("SELECT pz_nz(hist), pz_nz(hist, 0, 3, 2) FROM cat.forms")
    edges = np.ravel(made["hist"].metadata["bins"])
    assert_allclose(bins, made["hist"].pdf((edges[1:] + edges[:-1]) / 2).sum(axis=0))
    assert len(points) == 2
    assert estimates.rows("SELECT pz_mean(pz_nz(interp)) FROM cat.forms HAVING pz_median(pz_nz(interp)) > 0")
    assert estimates.rows("SELECT pz_nz(interp, 0, 1, 3) FROM cat.forms WHERE id < 0") == [((0.0, 0.0, 0.0),)]


def test_what_is_no_density_has_no_value(estimates):
    functions = (
        "pz_mean(pz), pz_cdf(pz, 1), pz_density(pz, id + 0.5), pz_median(pz), pz_mode(pz), pz_odds(pz), pz_crps(pz, 1)"
    )
    found = estimates.rows(f"SELECT id, {functions} FROM cat.odd ORDER BY id")
    assert None not in found[0]
    assert [row[1:] for row in found[1:]] == [(None,) * 7] * (len(found) - 1)
    assert estimates.rows(
        "SELECT pz_quantile(pz, 0), pz_quantile(pz, 1), pz_cdf(pz, NULL) FROM cat.odd WHERE id = 0"
    ) == [(None, None, None)]
    ((stack,),) = estimates.rows("SELECT pz_nz(pz) FROM cat.odd")
    assert stack == estimates.rows("SELECT pz_nz(pz) FROM cat.odd WHERE id = 0")[0][0]


def test_a_column_keeps_its_form_on_its_way_through_a_query(estimates):
    expected = estimates.rows("SELECT pz_mean(interp) FROM cat.forms WHERE pz_median(interp) > 1")
    expected.sort()
    for query in (
        "SELECT pz_mean(x) FROM (SELECT interp AS x, id FROM cat.forms) AS q WHERE pz_median(x) > 1",
        "WITH w AS (SELECT interp x, id FROM cat.forms) SELECT pz_mean(w.x) FROM w WHERE pz_median(x) > 1",
        "SELECT pz_mean(a.interp) FROM cat.forms a JOIN cat.forms b USING (id) WHERE pz_median(b.interp) > 1",
        "SELECT pz_mean((interp)) m FROM cat.forms WHERE pz_median(interp) > 1",
    ):
        assert sorted(estimates.rows(query)) == expected
    both = "SELECT pz FROM cat.odd UNION ALL SELECT {} FROM cat.odd"
    assert estimates.rows(f"SELECT COUNT(pz_mean(pz)) FROM ({both.format('pz')}) AS q") == [(2,)]
    two = "SELECT pz_mean(pz) FROM {}"
    merged = two.format("(SELECT pz FROM cat.odd) AS a FULL JOIN (SELECT other AS pz FROM cat.odd) AS b USING (pz)")
    for query in (two.format(f"({both.format('other')}) AS q"), merged):
        with pytest.raises(QueryError, match="not pz, an array without them"):  # the two have other forms
            estimates.rows(query)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("SELECT pz_mean(z) FROM cat.forms", "pz_mean takes p.z., .* not z, a number at line 1, column 16"),
        ("SELECT pz_mean(plain) FROM cat.odd", "not plain, an array without them"),
        ("SELECT pz_mean(interp[1:9]) FROM cat.forms", "not an array without them"),
        ("SELECT pz_median(plain) FROM cat.odd", "not plain, an array without them"),
        ("SELECT pz_cdf(pz, 'x') FROM cat.odd", "pz_cdf takes numbers, not a text"),
        ("SELECT pz_quantile(pz, 2) FROM cat.odd", "pz_quantile takes a fraction from 0 to 1"),
        ("SELECT id FROM cat.forms WHERE pz_median(z) > 1", "pz_median cannot stand in WHERE"),
        ("SELECT pz_median(MAX(z)) FROM cat.forms", "pz_median of a group cannot take another aggregate function"),
        ("SELECT id, pz_nz(pz) FROM cat.odd", "neither grouped by nor aggregated"),
        (f"SELECT {', '.join(['pz_nz(pz)'] * 21)} FROM cat.odd", "more than 20 stacks of densities.*use GROUP BY"),
        ("SELECT pz_nz(norm) FROM cat.forms", r"form norm has no grid .*; give one: pz_nz\(..., 0, 3, 301\)"),
        ("SELECT pz_nz(norm, 0, 3) FROM cat.forms", "pz_nz was given 3 arguments"),
        ("SELECT pz_nz(norm, 3, 0, 11) FROM cat.forms", "no constant limits that increase"),
        ("SELECT pz_nz(norm, 0, z, 11) FROM cat.forms", "no constant limits that increase"),
        ("SELECT pz_nz(norm, 0, 3, 1001) FROM cat.forms", "number of points of pz_nz is not valid.*from 2 to 1000"),
    ],
)
def test_what_cannot_be_asked_is_said(estimates, query, found):
    with pytest.raises(QueryError, match=found):
        estimates.rows(query)


def test_results_have_meanings_and_the_capabilities_have_both_forms(estimates):
    for function in DENSITY_FUNCTIONS:
        arguments = ["interp", "0.5", "0.9"][: function.required]
        (column,) = estimates.translated(f"SELECT {function.name}({', '.join(arguments)}) FROM cat.forms").columns
        assert column.ucd is None or check_ucd(column.ucd, check_controlled_vocabulary=True, has_colon=True), function
    forms = [feature.form for feature in LANGUAGE_FEATURES]
    assert {"pz_median(x DOUBLE) -> DOUBLE", "pz_median(pz PDF) -> DOUBLE"} <= set(forms)
    assert "pz_probability(pz PDF, low DOUBLE, high DOUBLE) -> DOUBLE" in forms


def test_a_recipe_of_rail_has_its_known_numbers():
    rng = np.random.RandomState(87)  # the legacy generator is part of the recipe
    z = rng.uniform(size=399, low=0, high=2.5)
    loc = z + rng.normal(0, 0.01, 399)
    scale = 0.1 + rng.uniform(size=399, low=0, high=0.05)
    grid = np.linspace(0, 2.5, 301)
    values = np.exp(-0.5 * ((grid - loc[:, None]) / scale[:, None]) ** 2) / scale[:, None] / np.sqrt(2 * np.pi)
    estimates = Estimates()
    estimates.add("rail", {"z": pa.array(z), "pz": _lists(values)}, {"pz": DensityForm("interp", 301, tuple(grid))})
    ((bias, scatter),) = estimates.rows(
        "SELECT MEDIAN(d), pz_nmad(d) FROM (SELECT pz_delta_z(pz_mode(pz), z) AS d FROM cat.rail) AS q"
    )
    assert (bias, scatter) == pytest.approx((-1.57610e-05, 0.0046489048), rel=1e-5)
    (pit,) = estimates.columns("SELECT pz_pit(pz, z) FROM cat.rail")
    assert kstest(pit, "uniform").statistic == pytest.approx(0.3673844, abs=1e-7)


@pytest.mark.skipif(not _SHARED.exists(), reason="the golden numbers are not beside the project")
@pytest.mark.parametrize("form", ["interp", "hist", "quant", "mixmod", "norm"])
def test_golden_numbers_are_reproduced(form):
    import h5py

    golden = json.loads((_SHARED / "metrics.json").read_text())[form]
    with h5py.File(_SHARED / "truth.hdf5") as file:
        truth = (file.get("photometry") or file)["redshift"][:]
    with h5py.File(_SHARED / f"estimates_{form}.hdf5") as file:
        names = {"interp": "yvals", "hist": "pdfs", "quant": "locs"}
        order = ("weights", "means", "stds") if form == "mixmod" else ("loc", "scale")
        parts = [file["data"][name][:] for name in ([names[form]] if form in names else order)]
        shared = {"interp": "xvals", "hist": "bins", "quant": "quants"}.get(form)
        grid = tuple(np.ravel(file["meta"][shared][:]).tolist()) if shared else ()
    values = np.hstack([part.reshape(len(truth), -1) for part in parts])
    estimates = Estimates()
    estimates.add(
        "golden",
        {"id": pa.array(range(len(truth)), pa.int32()), "z": pa.array(truth), "pz": _lists(values)},
        {"pz": DensityForm(form, values.shape[1], grid)},
    )
    (pit,) = estimates.columns("SELECT pz_pit(pz, z) FROM cat.golden ORDER BY id")
    assert_allclose(pit[:20], golden["pit_first"], rtol=1e-6, atol=1e-9)
    levels = ", ".join(f"PERCENTILE_CONT(pz_pit(pz, z), {level})" for level in (0.1, 0.5, 0.9))
    assert estimates.rows(f"SELECT {levels} FROM cat.golden")[0] == pytest.approx(
        golden["pit_quantiles_10_50_90"], abs=1e-6
    )
