"""Bytes of a Parquet table in memory, where dictionaries and run lengths repeat few values in many rows.

The footer has the bytes of the encoded values alone: a text of 20 kB that a dictionary repeats in a million rows takes
20 GB (https://parquet.apache.org/docs/file-format/data-pages/encodings/).
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.files.column_chunks import column_chunks

__all__ = ["decoded_bytes"]

_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}
_ROWS = 65_536


def decoded_bytes(path: Path, schema: pq.ParquetSchema, most: int) -> int:
    """Return the bytes of all decoded values; a number that is not larger than ``most`` may be an upper bound.

    Parameters
    ----------
    most
        Bytes above which the result must be exact.

    Raises
    ------
    OSError
        The sizes in the footer cannot be read.
    """
    total = 0
    repeated: list[tuple[int, str, int, int]] = []
    for chunk in column_chunks(path):
        encoded = chunk.uncompressed_bytes
        if chunk.physical_type == "BYTE_ARRAY":
            if chunk.dictionary_offset is not None and chunk.values * encoded > most:
                repeated.append((chunk.row_group, schema.column(chunk.column).path, chunk.values, encoded))
                continue
            total += encoded
        else:
            width = _WIDTHS.get(chunk.physical_type) or int(schema.column(chunk.column).length)
            total += max(encoded, chunk.values * width)
    if not repeated:
        return total
    with pq.ParquetFile(path, read_dictionary=sorted({column for _, column, _, _ in repeated})) as file:
        longest = [
            min(values * encoded, values * _longest(file, group, column) + encoded)
            for group, column, values, encoded in repeated
        ]
        if total + sum(longest) <= most:
            return total + sum(longest)
        return total + sum(_exact(file, group, column) for group, column, _, _ in repeated)


def _longest(file: pq.ParquetFile, group: int, column: str) -> int:
    """Return the length of the longest value of the dictionary of a column chunk."""
    longest = 0
    for batch in file.iter_batches(1, row_groups=[group], columns=[column]):
        for array in _leaves(batch.column(0)):
            values = array.dictionary if pa.types.is_dictionary(array.type) else array
            longest = max(longest, int(pc.max(pc.binary_length(values)).as_py() or 0))
        break
    return longest


def _exact(file: pq.ParquetFile, group: int, column: str) -> int:
    """Return the bytes of the values of a column chunk, without decoding its dictionary."""
    total = 0
    for batch in file.iter_batches(_ROWS, row_groups=[group], columns=[column]):
        for array in _leaves(batch.column(0)):
            if pa.types.is_dictionary(array.type):
                lengths = pc.binary_length(array.dictionary).cast(pa.int64()).take(array.indices)
            else:
                lengths = pc.binary_length(array).cast(pa.int64())
            total += int(pc.sum(lengths).as_py() or 0)
    return total


def _leaves(array: pa.Array) -> list[pa.Array]:
    """Return the arrays of texts or bytes within an array."""
    kind = array.type
    if pa.types.is_struct(kind):
        return [leaf for part in array.flatten() for leaf in _leaves(part)]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _leaves(array.flatten())
    if pa.types.is_map(kind):
        return [*_leaves(array.keys), *_leaves(array.items)]
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return [array] if pa.types.is_binary(value) or pa.types.is_string(value) else []
