"""HATS index of the identifiers of a catalogue (IVOA Note HATS 1.0), sorted on disk by DuckDB.

hats-import's own index needs an old version of Dask on Python 3.11.
"""

import shutil
from pathlib import Path

import pyarrow.parquet as pq

__all__ = ["write_index"]

_FILE = "index/index.parquet"
_MEMORY = "1GB"
_ROWS_IN_GROUP = 262_144


def write_index(collection: Path, catalogue: str, column: str, name: str, scratch: Path) -> None:
    """Write an index and name it in the properties of the collection; one that is complete is not written again.

    Parameters
    ----------
    catalogue
        Name of the folder of the catalogue in the collection.
    column
        Column that is indexed.
    name
        Name of the folder of the index.
    scratch
        Folder for what does not fit into memory.
    """
    from hats.catalog.dataset.collection_properties import CollectionProperties

    properties = CollectionProperties.read_from_dir(collection)
    if properties.all_indexes and column in properties.all_indexes:
        return
    target = collection / name
    shutil.rmtree(target, ignore_errors=True)
    (target / "dataset" / "index").mkdir(parents=True)
    rows = _write_rows(collection / catalogue, column, target / "dataset" / _FILE, scratch)
    _write_properties(target, name, catalogue, column, rows)
    properties.all_indexes = {**(properties.all_indexes or {}), column: name}
    properties.to_properties_file(collection)


def _write_rows(catalogue: Path, column: str, target: Path, scratch: Path) -> int:
    import duckdb

    files = str(catalogue / "dataset" / "Norder=*" / "Dir=*" / "*.parquet").replace("'", "''")
    quoted = '"' + column.replace('"', '""') + '"'
    # Values stand in paths: those of files are read from the names of the partitions.
    query = (
        f"SELECT {quoted}, _healpix_29, "  # noqa: S608 - a name of our own configuration, quoted
        "regexp_extract(filename, 'Norder=(\\d+)', 1)::UTINYINT AS Norder, "
        "regexp_extract(filename, 'Dir=(\\d+)', 1)::UBIGINT AS Dir, "
        "regexp_extract(filename, 'Npix=(\\d+)', 1)::UBIGINT AS Npix "
        f"FROM read_parquet('{files}', filename = true) ORDER BY {quoted}"
    )
    path = str(target).replace("'", "''")
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.execute("SET temp_directory = '" + str(scratch).replace("'", "''") + "'")
        connection.execute(
            f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_IN_GROUP})"
        )
        found = connection.execute(f"SELECT count(*) FROM read_parquet('{path}')").fetchone()  # noqa: S608 - as above
    return 0 if found is None else int(found[0])


def _write_properties(target: Path, name: str, catalogue: str, column: str, rows: int) -> None:
    from hats.catalog import TableProperties

    footer = pq.read_metadata(target / "dataset" / _FILE)
    footer.set_file_path(_FILE)
    footer.write_metadata_file(str(target / "dataset" / "_metadata"))
    pq.write_metadata(footer.schema.to_arrow_schema(), target / "dataset" / "_common_metadata")
    properties = TableProperties(
        catalog_name=name,
        catalog_type="index",
        total_rows=rows,
        primary_catalog=catalogue,
        indexing_column=column,
        extra_columns=[],
    )
    properties.to_properties_file(target)
