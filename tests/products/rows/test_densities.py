"""Densities through the derivation of rows: stored as they are, with findings on the way."""

import h5py
import numpy as np
import pyarrow as pa
from numpy.testing import assert_allclose, assert_array_equal

from core.columns import column_of_field
from core.photoz.forms import DensityForm
from products.inspection.inspection import Inspection
from products.readers import open_table
from products.rows.derive import derive_rows
from products.rows.stored_file import StoredFile
from tests.core.photoz.samples import OBJECTS
from tests.products.readers.qp.samples import with_ancillary, write_ensemble
from tests.products.rows.tables import silent


def _derived(path, folder):
    target = folder / "rows.parquet"
    with open_table(path, path.name) as reader:
        found = derive_rows(reader, target, meanings=None, progress=silent, scratch=folder)
    return found, target


def test_stored_rows_and_inspections_tell_the_form(tmp_path):
    made = with_ancillary("interp")
    found, target = _derived(write_ensemble(made, tmp_path, "hdf5"), tmp_path)
    with StoredFile(target) as stored:
        column = column_of_field(stored.schema.field("pz"))
        values = np.stack(stored.read(["pz"])["pz"].to_numpy())
    assert DensityForm.from_json(column.density).grid == tuple(np.ravel(made.metadata["xvals"]))
    assert_array_equal(values, made.objdata["yvals"])
    assert next(each for each in found.columns if each.name == "pz").density == column.density
    assert found.meanings.z == "zmode"
    assert Inspection.from_json(found.to_json()) == found


def test_findings_are_those_of_qp(tmp_path):
    made = with_ancillary("interp")
    found, _ = _derived(write_ensemble(made, tmp_path, "hdf5"), tmp_path)
    densities = found.densities
    assert (densities.objects, densities.missing, densities.negative) == (OBJECTS, 0, 0)
    assert_allclose(densities.stacked, made.pdf(np.asarray(densities.grid)).sum(axis=0), rtol=1e-4)
    widths = np.ravel(made.std()) / (1 + np.ravel(made.mean()))
    assert_array_equal(densities.widths, np.histogram(widths, 50, (0, 0.5))[0])
    ranks = made.cdf(made.ancil["zmode"][:, None])[:, 0]
    assert_array_equal(densities.ranks, np.histogram(ranks, 20, (0, 1))[0])
    assert sum(densities.odds) == OBJECTS


def test_densities_that_are_missing_negative_or_not_normalised_are_counted(tmp_path):
    path = write_ensemble(with_ancillary("interp"), tmp_path, "hdf5")
    with h5py.File(path, "a") as file:
        values = file["data/yvals"][:]
        values[0], values[1, 3], values[2, 5], values[3] = np.nan, np.nan, -0.25, 2 * values[3]
        file["data/yvals"][:] = values
    found, target = _derived(path, tmp_path)
    assert (found.densities.missing, found.densities.negative, found.densities.lowest) == (2, 1, -0.25)
    assert any("2 of 40 objects in pz have no density" in note for note in found.notes)
    assert any("1 of 40 objects in pz have negative densities, down to -0.25" in note for note in found.notes)
    assert any("integral is not 1" in note for note in found.notes)
    with StoredFile(target) as stored:
        means = stored.read(["z_mean"])["z_mean"]
    assert means.null_count == 2
    assert pa.types.is_floating(means.type)


def test_identifiers_that_are_missing_or_double_are_told(tmp_path):
    made = with_ancillary("norm")
    made.ancil["object_id"][3] = made.ancil["object_id"][4]
    found, _ = _derived(write_ensemble(made, tmp_path, "hdf5"), tmp_path)
    assert any("Identifiers in object_id occur more than once" in note for note in found.notes)
    made.set_ancil({"zmode": made.ancil["zmode"]})
    found, _ = _derived(write_ensemble(made, tmp_path, "hdf5"), tmp_path)
    assert any("No column identifies the objects" in note for note in found.notes)
