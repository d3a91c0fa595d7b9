"""Writer of JSON: metadata of columns, rows as lists, status.

The IVOA has no standard for tables in JSON. The members ``metadata`` and ``data`` are those of the TAP services of ESA
and of the library TAPLib; ``infos`` and ``status`` have the content of the INFO elements of a VOTable. Integers are
numbers of up to 64 bits, more than numbers of JavaScript represent exactly. NaN and infinities are texts ("NaN",
"Infinity"), which ``float()`` and ``Number()`` parse.
"""

import json
from collections.abc import Iterable, Iterator

import pyarrow as pa

from core.columns import Column
from core.errors import PhotozError
from core.votable import Info, LimitedBatches, TableDescription, canonical_arrays, joined_rows
from tap.results.json_texts import json_texts

__all__ = ["write_json"]

_KEYS = ("name", "datatype", "arraysize", "xtype", "unit", "ucd", "utype", "description")


def write_json(
    description: TableDescription, batches: Iterable[pa.RecordBatch], *, limit: int | None
) -> Iterator[bytes]:
    """Yield one JSON object; an error ends the rows and is stated in ``status``."""
    limited = LimitedBatches(batches, limit)
    infos = [{"name": info.name, "value": info.value} for info in description.infos]
    metadata = [_described(column) for column in description.columns]
    yield f'{{"infos":{json.dumps(infos)},\n"metadata":{json.dumps(metadata)},\n"data":['.encode()
    separator = b""
    ending: Info | None = None
    try:
        for batch in limited:
            yield separator + _rows(batch, description.columns)
            separator = b","
    except PhotozError as e:
        ending = Info("QUERY_STATUS", "ERROR", e.message)
    ending = ending or limited.ending or Info("QUERY_STATUS", "OK")
    yield f'\n],\n"status":{json.dumps({"value": ending.value, "message": ending.text})}}}\n'.encode()


def _described(column: Column) -> dict[str, object]:
    density = {"density": json.loads(column.density)} if column.density else {}
    return {key: getattr(column, key) for key in _KEYS} | density


def _rows(batch: pa.RecordBatch, columns: tuple[Column, ...]) -> bytes:
    arrays = canonical_arrays(batch, columns)
    cells = [json_texts(array, column, quoted_numbers=True) for array, column in zip(arrays, columns, strict=True)]
    return bytes(joined_rows(cells, before=",\n[", between=",", after="]"))[1:]
