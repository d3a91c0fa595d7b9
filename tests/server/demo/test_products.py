from itertools import islice

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from core.columns import column_of_field
from products.attribution.checks import checked_attribution
from products.attribution.models import Attribution
from products.product_types import PRODUCT_TYPES
from server.demo.products import demo_products

SURVEYS = ("mock_deep_slit_survey", "mock_fibre_survey", "mock_bright_survey", "mock_grism_survey")


def column(product, meaning):
    name = next(name for name, key in product.meanings.items() if key == meaning)
    return product.table[name].to_numpy()


def positions(product):
    return SkyCoord(column(product, "ra"), column(product, "dec"), unit="deg")


def matched(product, other, radius=1.0):
    """Give the rows of both that lie within a radius in arcseconds, as astropy matches them."""
    nearest, separation, _ = positions(product).match_to_catalog_sky(positions(other))
    close = separation < radius * units.arcsec
    return np.flatnonzero(close), nearest[close]


def test_the_same_seed_gives_the_same_tables(demo):
    again = {product.file_name.split(".")[0]: product.table for product in demo_products()}
    assert all(product.table.equals(again[name], check_metadata=True) for name, product in demo.items())


def test_another_seed_gives_another_sky(objects):
    other = next(islice(demo_products(seed=1), 1)).table
    assert abs(other.num_rows / objects.num_rows - 1) < 0.05
    assert np.isin(other["coord_ra"].to_numpy(), objects["coord_ra"].to_numpy()).mean() < 0.01


def test_every_product_is_of_a_known_type_and_plainly_simulated(demo):
    known = {kind.name: kind for kind in PRODUCT_TYPES.values()}
    for product in demo.values():
        kind = known[product.product_type]
        assert kind.has_release or product.release is None
        assert "simulated" in product.description
        assert product.display_name.startswith("Mock ")
        assert set(product.meanings) <= set(product.table.column_names)
        assert {"ra", "dec", "z"} <= set(product.meanings.values())


def test_every_product_is_attributed_and_the_official_ones_are_an_object_and_a_redshift_catalogue(demo):
    for product in demo.values():
        given = product.attribution.model_dump(exclude_none=True)
        checked = checked_attribution(Attribution(**given)).model_dump()
        assert {name: checked[name] for name in given} == given
        assert given["authors"]
        assert given["license"]
    assert {product.product_type for product in demo.values() if product.official} == {
        "object_catalog",
        "redshift_catalog",
    }


def test_every_column_has_a_ucd_and_a_description_and_positions_have_units(demo):
    for product in demo.values():
        columns = {field.name: column_of_field(field) for field in product.table.schema}
        assert all(described.ucd and described.description for described in columns.values())
        assert all(columns[name].unit == "deg" for name, key in product.meanings.items() if key in {"ra", "dec"})


def test_identifiers_are_unique(demo):
    for product in demo.values():
        assert len(np.unique(column(product, "id").astype(str))) == product.table.num_rows


# About a third to two thirds of the way to the depth of each survey: Le Fèvre et al. 2013 for i < 24, and so on.
@pytest.mark.parametrize(
    ("name", "rows", "low", "high"),
    [
        ("mock_deep_slit_survey", (4_000, 7_000), 0.45, 0.65),
        ("mock_fibre_survey", (5_000, 9_000), 0.30, 0.50),
        ("mock_bright_survey", (800, 2_000), 0.08, 0.25),
        ("mock_grism_survey", (6_000, 10_000), 0.40, 0.70),
    ],
)
def test_each_survey_has_its_size_and_depth_in_redshift(demo, name, rows, low, high):
    z = column(demo[name], "z")
    assert rows[0] < len(z) < rows[1]
    assert low < np.nanmedian(z) < high


@pytest.mark.parametrize("name", SURVEYS)
def test_every_target_is_an_object_within_three_tenths_of_an_arcsecond(demo, name):
    rows, _ = matched(demo[name], demo["mock_lsst_objects"], radius=0.305)
    assert len(rows) == demo[name].table.num_rows


@pytest.mark.parametrize("name", SURVEYS)
@pytest.mark.parametrize("other", SURVEYS)
def test_every_two_surveys_share_objects_and_agree_on_most(demo, name, other):
    rows, others = matched(demo[name], demo[other])
    assert 50 < len(rows) <= demo[name].table.num_rows
    difference = column(demo[name], "z")[rows] - column(demo[other], "z")[others]
    assert np.nanmedian(np.abs(difference)) < 0.01


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("mock_deep_slit_survey", (3, 4), (1, 2)),
        ("mock_fibre_survey", (0,), (4,)),
        ("mock_bright_survey", (3, 4), (1, 2)),
        ("mock_grism_survey", (3, 4), (2,)),
    ],
)
def test_wrong_redshifts_go_with_bad_flags(demo, name, good, bad):
    rows, objects = matched(demo[name], demo["mock_lsst_objects"])
    z, true_z = column(demo[name], "z")[rows], column(demo["mock_lsst_objects"], "z")[objects]
    flags = column(demo[name], "z_flag")[rows]
    # Matches by position alone are sometimes wrong, as in life; the rates leave room for that.
    wrong = np.abs(z - true_z) > 0.02 * (1 + true_z)
    measured = np.isfinite(z)
    assert wrong[measured & np.isin(flags, good)].mean() < 0.12
    assert wrong[measured & np.isin(flags, bad)].mean() > 0.15


def test_redshift_errors_are_those_that_the_surveys_state(demo):
    for name, error in (("mock_fibre_survey", 1e-4), ("mock_grism_survey", 3e-3)):
        rows, objects = matched(demo[name], demo["mock_lsst_objects"])
        true_z = column(demo["mock_lsst_objects"], "z")[objects]
        scaled = (column(demo[name], "z")[rows] - true_z) / (1 + true_z)
        assert 1.4826 * np.nanmedian(np.abs(scaled)) == pytest.approx(error, rel=0.15)


def test_the_training_set_has_the_photometry_of_its_objects(demo, objects):
    table = demo["mock_training_set"].table.to_pandas().set_index("objectId")
    catalogue = objects.to_pandas().set_index("objectId").loc[table.index]
    assert 3_000 < len(table) < 5_000
    for band in "ugrizy":
        np.testing.assert_array_equal(table[f"mag_{band}_lsst"], catalogue[f"{band}_cModelMag"])
    assert (np.abs(table["redshift"] - catalogue["z_true"]) < 0.01).mean() > 0.95


def test_estimates_of_the_training_set_are_near_its_redshifts(demo):
    estimates = demo["mock_photoz_estimates"].table.to_pandas().set_index("objectId")["zmode"]
    training = demo["mock_training_set"].table.to_pandas().set_index("objectId")["redshift"]
    residuals = (estimates.loc[training.index] - training) / (1 + training)
    assert 1.4826 * np.median(np.abs(residuals - np.median(residuals))) < 0.05
    assert 0.01 < (np.abs(residuals) > 0.15).mean() < 0.1
