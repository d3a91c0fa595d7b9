"""Any table of any columns, cut anywhere, is what astropy reads."""

import io
import math

import numpy as np
import pyarrow as pa
import pytest
from astropy.io.votable import parse
from hypothesis import given, settings
from hypothesis import strategies as st

from core.columns import Column
from core.votable import TableDescription, votable_columns, write_votable

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), max_size=6)
FLOATS = st.floats(width=32)
KINDS = {
    "boolean": (Column("x", "boolean"), pa.bool_(), st.booleans()),
    "byte": (Column("x", "unsignedByte"), pa.uint8(), st.integers(0, 255)),
    "short": (Column("x", "short"), pa.int16(), st.integers(-(2**15), 2**15 - 1)),
    "long": (Column("x", "long"), pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "float": (Column("x", "float"), pa.float32(), FLOATS),
    "text": (Column("x", "unicodeChar", "*"), pa.string(), TEXT),
    "pair": (Column("x", "float", "2"), pa.list_(pa.float32()), st.lists(FLOATS, min_size=2, max_size=2)),
    "array": (Column("x", "int", "*"), pa.list_(pa.int32()), st.lists(st.integers(-9, 9), max_size=4)),
}


def plain(value: object, masked: object) -> object:
    """Give what a cell holds as Python has it, with NaN as text and nothing as None."""
    if np.all(masked) and np.ndim(value) == 0:
        return None
    if isinstance(value, (np.ndarray, list)):
        return [plain(item, False) for item in np.ma.getdata(value).tolist()]
    value = value.item() if isinstance(value, np.generic) else value
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


@pytest.mark.parametrize("serialization", ["BINARY2", "TABLEDATA"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_table_is_read_back_as_it_was(serialization, data):
    # Of text in TABLEDATA, astropy takes away white space at both ends.
    kinds = sorted(KINDS.keys() - ({"text"} if serialization == "TABLEDATA" else set()))
    names = data.draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=10))
    count = data.draw(st.integers(0, 12))
    values = [data.draw(st.lists(st.none() | KINDS[name][2], min_size=count, max_size=count)) for name in names]
    arrays = [pa.array(column, KINDS[name][1]) for name, column in zip(names, values, strict=True)]
    batch = pa.record_batch(arrays, names=[f"c{number}" for number in range(len(names))])
    cut = data.draw(st.integers(0, count))
    columns = [Column(f"c{number}", KINDS[n][0].datatype, KINDS[n][0].arraysize) for number, n in enumerate(names)]
    description = TableDescription(votable_columns(columns, batch.schema))
    parts = [batch.slice(0, cut), batch.slice(cut)]
    document = b"".join(write_votable(description, parts, serialization=serialization, limit=None))
    array = parse(io.BytesIO(document), verify="exception").get_first_table().array
    for number, (name, column) in enumerate(zip(names, values, strict=True)):
        found = array[f"c{number}"]
        for row, sent in enumerate(column):
            got = plain(found.data[row], found.mask[row])
            if sent is None:
                assert got in (None, "", [], ["NaN", "NaN"]), (name, row)
            elif name == "float" and math.isnan(sent):
                assert got in (None, "NaN")  # astropy masks NaN
            elif name in {"pair", "array"}:
                assert got == [plain(item, False) for item in sent]
            else:
                assert got == sent, (name, row)
