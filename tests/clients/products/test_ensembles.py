"""Ensembles made of rows, against those that were in the file."""

import io

import numpy as np
import pytest
import qp
from astropy.io.votable import parse
from numpy.testing import assert_allclose, assert_array_equal
from pzserver.products.ensembles import ensemble_of

from core.columns import column_of_field
from core.votable import TableDescription, votable_columns
from products.readers import open_table
from tap.results import RESULT_FORMATS
from tests.core.photoz.samples import FORMS
from tests.products.readers.qp.samples import with_ancillary, write_ensemble


def _answer(path, columns=None):
    """Give the table as TAP would send it."""
    with open_table(path, path.name) as reader:
        names = columns or reader.schema.names
        description = TableDescription(
            votable_columns(
                [column_of_field(reader.schema.field(name)) for name in names],
                [reader.schema.field(name) for name in names],
            )
        )
        data = b"".join(RESULT_FORMATS["votable"].write(description, reader.batches(names, size=25), limit=None))
    return parse(io.BytesIO(data), verify="exception").get_first_table()


@pytest.mark.parametrize("form", FORMS)
def test_what_qp_reads_from_the_file_comes_back(form, tmp_path):
    path = write_ensemble(with_ancillary(form), tmp_path, "hdf5")
    expected, found = qp.read(str(path)), ensemble_of(_answer(path))
    assert found.metadata.keys() == expected.metadata.keys()
    for parts in ("metadata", "objdata"):
        for key, values in getattr(expected, parts).items():
            assert_array_equal(getattr(found, parts)[key], values, err_msg=key)
    assert found.ancil.keys() == expected.ancil.keys()
    for key, values in expected.ancil.items():
        assert_array_equal(found.ancil[key], values)
    grid = np.linspace(0.4, 2, 7)
    assert_allclose(found.pdf(grid), expected.pdf(grid), rtol=1e-14)


def test_the_column_of_densities_alone_is_an_ensemble(tmp_path):
    path = write_ensemble(with_ancillary("quant"), tmp_path, "hdf5")
    found = ensemble_of(_answer(path, ["pz"]))
    assert found.npdf == 40
    assert not found.ancil


def test_a_table_without_densities_is_refused(tmp_path):
    path = write_ensemble(with_ancillary("quant"), tmp_path, "hdf5")
    with pytest.raises(ValueError, match="no column of probability densities"):
        ensemble_of(_answer(path, ["object_id", "z_mean"]))
