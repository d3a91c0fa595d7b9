import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse
from lxml import etree

from core.columns import Column, column_of_field
from core.votable import TableDescription
from tap.results import RESULT_FORMATS
from tests.core.votable.samples import COLUMNS, DESCRIPTION, ROWS

VERSION, CONTENT = b"IVOA.VOTable-Parquet.version", b"IVOA.VOTable-Parquet.content"


def written(batches: object = (ROWS,), limit: int | None = None, description=DESCRIPTION) -> pq.ParquetFile:
    return pq.ParquetFile(io.BytesIO(b"".join(RESULT_FORMATS["parquet"].write(description, batches, limit=limit))))


def test_values_and_meanings_survive():
    table = written().read()
    for name in ROWS.schema.names:
        assert repr(table[name].to_pylist()) == repr(ROWS.column(name).to_pylist()), name
    ra = column_of_field(table.schema.field("ra"))
    assert (ra.unit, ra.ucd, ra.description) == ("deg", "pos.eq.ra;meta.main", "Right <ascension> & more")


def test_footer_holds_the_votable_of_voparquet():
    metadata = written(limit=2).metadata.metadata
    assert metadata[VERSION] == b"1.0"
    table = parse(io.BytesIO(metadata[CONTENT]), verify="exception").get_first_table()
    assert [field.name for field in table.fields] == [column.name for column in COLUMNS]
    statuses = [info.get("value") for info in etree.fromstring(metadata[CONTENT]).iter("{*}INFO")]
    assert statuses == ["OK", "OVERFLOW"]


@pytest.mark.parametrize("batches", [[], [ROWS.slice(0, 0)]])
def test_a_file_without_rows_has_its_columns(batches):
    file = written(batches)
    assert file.metadata.num_rows == 0
    assert file.schema_arrow.names == ROWS.schema.names
    assert CONTENT in file.metadata.metadata


def test_batches_are_collected_into_row_groups_that_leave_as_they_are_full():
    batch = pa.record_batch([pa.array(range(50_000))], names=["x"])
    description = TableDescription((Column("x", "long"),))
    pieces = list(RESULT_FORMATS["parquet"].write(description, [batch] * 6, limit=280_000))
    file = pq.ParquetFile(io.BytesIO(b"".join(pieces)))
    groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    assert groups == [150_000, 130_000]
    assert pieces[0] == b"PAR1"  # there at the first row, which is long before the first group
    assert all(len(piece) > 0 for piece in pieces)
    assert len(pieces) == 4
