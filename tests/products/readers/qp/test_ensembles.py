"""Ensembles of qp as tables: every form in every file format, with the numbers of qp."""

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from core.columns import COMPUTED_UTYPE, DENSITY_UTYPE, column_of_field
from core.photoz.densities import Densities
from core.photoz.forms import DensityForm
from products.readers import open_table
from products.rows.derive import guessed_columns
from tests.core.photoz.samples import FORMS, OBJECTS, densities_of, ensemble
from tests.products.readers.qp.samples import FILE_FORMATS, with_ancillary, write_ensemble
from tests.products.readers.samples import read

_COMPUTED = ["z_mean", "z_median", "z_std", "z_q025", "z_q16", "z_q84", "z_q975"]


@pytest.mark.parametrize("suffix", FILE_FORMATS)
@pytest.mark.parametrize("form", FORMS)
def test_densities_are_one_column_with_their_form(form, suffix, tmp_path):
    made = with_ancillary(form)
    path = write_ensemble(made, tmp_path, suffix)
    found = read(path, size=25)
    assert set(found.column_names) == {"object_id", "zmode", "redshift", *_COMPUTED, "pz"}
    assert_array_equal(found["object_id"].to_numpy(), made.ancil["object_id"])
    column = column_of_field(found.schema.field("pz"))
    expected = densities_of(form, made)
    assert DensityForm.from_json(column.density) == expected.form
    assert (column.datatype, column.utype) == ("double", DENSITY_UTYPE)
    densities = Densities.from_arrow(expected.form, found["pz"])
    # qp normalises what it reads
    assert_allclose(densities.on_grid(np.linspace(0, 3, 50)), expected.on_grid(np.linspace(0, 3, 50)), rtol=1e-12)


@pytest.mark.parametrize("form", ["interp", "hist", "norm"])
def test_computed_point_estimates_are_those_of_qp(form, tmp_path):
    made = with_ancillary(form)
    found = read(write_ensemble(made, tmp_path, "hdf5"))
    assert_allclose(found["z_mean"], np.ravel(made.mean()), rtol=1e-9)
    assert_allclose(found["z_median"], np.ravel(made.median()), rtol=1e-9)
    assert_allclose(found["z_std"], np.ravel(made.std()), rtol=1e-6)
    for name, p in (("z_q025", 0.025), ("z_q16", 0.16), ("z_q84", 0.84), ("z_q975", 0.975)):
        assert_allclose(found[name], np.ravel(made.ppf(p)), rtol=1e-9, err_msg=name)
        column = column_of_field(found.schema.field(name))
        assert column.utype == COMPUTED_UTYPE
        assert "computed by the server" in column.description


def test_point_estimates_of_the_file_are_not_computed_again(tmp_path):
    made = ensemble("norm")
    given = dict.fromkeys(("Z_MEAN", "zmedian", "z_peak", "photoz_err", "z_low68", "zphot_hi68"), np.zeros(OBJECTS))
    made.set_ancil(given)
    assert set(read(write_ensemble(made, tmp_path, "hdf5")).column_names) == {*given, "z_q025", "z_q975", "pz"}


def test_ancillary_columns_may_have_the_names_of_parameters_and_of_the_column_of_densities(tmp_path):
    made = ensemble("norm")
    made.set_ancil({"loc": np.arange(OBJECTS), "PZ": np.arange(OBJECTS)})
    found = read(write_ensemble(made, tmp_path, "hdf5"))
    assert_array_equal(found["loc"], np.arange(OBJECTS))
    assert_array_equal(found["PZ"], np.arange(OBJECTS))
    assert_allclose(found["z_mean"], made.objdata["loc"][:, 0])
    assert found.column_names[-1] == "pz_2"


def test_the_redshift_is_a_point_estimate_and_not_the_truth(tmp_path):
    path = write_ensemble(with_ancillary("interp"), tmp_path, "hdf5")
    with open_table(path, path.name) as reader:
        assert guessed_columns(reader) == {"id": "object_id", "z": "zmode", "z_err": "z_std"}


@pytest.mark.parametrize("suffix", FILE_FORMATS)
def test_packed_densities_are_decoded_as_qp_decodes_them(suffix, tmp_path):
    import qp
    from qp.parameterizations.packed_interp.packing_utils import PackingType

    grid = np.linspace(0, 3, 61)
    made = ensemble("interp").convert_to(qp.packed_interp_gen, xvals=grid, packing_type=PackingType.log_from_rowmax)
    found = read(write_ensemble(made, tmp_path, suffix))
    form = DensityForm.from_json(column_of_field(found.schema.field("pz")).density)
    assert form == DensityForm("interp", 61, tuple(grid))
    assert "decoded from packed_interp" in column_of_field(found.schema.field("pz")).description
    assert_allclose(Densities.from_arrow(form, found["pz"]).on_grid(grid), made.pdf(grid), rtol=1e-9, atol=1e-12)


def test_sparse_densities_are_decoded_as_qp_decodes_them(tmp_path):
    import qp
    from qp.parameterizations.sparse_interp import sparse_rep

    grid = np.linspace(0, 3, 31)
    shared = {
        "xvals": grid,
        "mu": np.array([0.0, 3.0]),
        "sig": np.array([0.05, 0.5]),
        "dims": np.array([30, 5, 1, 3, 0]),
    }
    coded = np.array([[sparse_rep.combine_int(32000 - 3000 * k, 10 * row + k) for k in range(3)] for row in range(9)])
    made = qp.Ensemble(qp.sparse, data={**shared, "sparse_indices": coded})
    found = read(write_ensemble(made, tmp_path, "hdf5"), size=4)
    form = DensityForm.from_json(column_of_field(found.schema.field("pz")).density)
    assert_allclose(Densities.from_arrow(form, found["pz"]).on_grid(grid), made.pdf(grid), rtol=1e-9, atol=1e-12)


def test_single_precision_stays_single(tmp_path):
    path = write_ensemble(ensemble("interp"), tmp_path, "hdf5")
    with h5py.File(path, "a") as file:
        values = file["data/yvals"][:]
        del file["data/yvals"]
        file["data/yvals"] = values.astype("f4")
    column = column_of_field(read(path).schema.field("pz"))
    assert (column.datatype, column.arraysize) == ("float", "61")


def test_a_form_that_takes_too_long_stays_with_its_parameters(tmp_path):
    import qp

    data = {"k": np.full((3, 1), 3.0), "df": np.full((3, 1), 10.0)}
    path = write_ensemble(qp.Ensemble(qp.stats.studentized_range, data=data), tmp_path, "hdf5")
    with open_table(path, path.name) as reader:
        assert set(reader.schema.names) == {"data/k", "data/df"}
        assert any("studentized_range" in note and "Convert it" in note for note in reader.notes)
