"""Reader of HATS catalogues (IVOA Note HATS 1.0) without Dask."""

from collections.abc import Mapping
from pathlib import Path

from core.columns import HEALPIX_COLUMN
from core.errors import InvalidValueError, UnreadableFileError
from pipelines.training.parquet_objects import ParquetObjects, parquet_part

__all__ = ["open_objects", "read_properties", "release_catalog"]

_COLLECTION = "collection.properties"
_CATALOG = ("hats.properties", "properties")
_KINDS = frozenset({"object", "source"})


def open_objects(path: Path) -> ParquetObjects:
    """Open a HATS catalogue or collection, a Parquet file, or a folder of Parquet files.

    Raises
    ------
    InvalidValueError
        When there is no such file, it holds no Parquet, or the catalogue is a margin or an index.
    UnreadableFileError
        A file does not have the format of its name.
    """
    if path.is_file():
        return ParquetObjects([parquet_part(path)])
    if not path.is_dir():
        raise InvalidValueError(f"There is no object catalogue '{path.name}'.", field="inputs.dataset.path")
    if (path / _COLLECTION).is_file():
        path = _primary_table(path)
    for name in _CATALOG:
        if (path / name).is_file():
            return _open_catalog(path, read_properties(path / name))
    return ParquetObjects([parquet_part(file) for file in sorted(path.glob("*.parquet"))])


def release_catalog(path: Path, *, magnitudes: bool, flux_type: str, dereddening: str) -> Path:
    """Return the catalogue of a release, ``<mag|flux>/<flux type>/<dereddening>/catalog``, or the path itself.

    Raises
    ------
    InvalidValueError
        When the folder is that of a release without such a catalogue.
    """
    if not any((path / kind).is_dir() for kind in ("mag", "flux")):
        return path
    chosen = path / ("mag" if magnitudes else "flux") / flux_type / dereddening / "catalog"
    if chosen.is_dir():
        return chosen
    offered = sorted(str(p.parent.relative_to(path)) for p in path.glob("*/*/*/catalog") if p.is_dir())
    raise InvalidValueError(
        f"The release has no catalogue {chosen.parent.relative_to(path)}; it has {', '.join(offered) or 'none'}. "
        "Choose 'convert_flux_to_mag', 'flux_type' and 'dereddening' to match.",
        field="param.flux_type",
    )


def read_properties(path: Path) -> Mapping[str, str]:
    """Read a file of Java properties: ``key=value`` lines, comments after #, a backslash before a character."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"The file {path.name} of the object catalogue is not a text file.") from error
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.lstrip().startswith(("#", "!")))
    return {key.strip(): value.strip().replace("\\:", ":").replace("\\=", "=") for key, value in pairs}


def _primary_table(path: Path) -> Path:
    declared = read_properties(path / _COLLECTION).get("hats_primary_table_url", "")
    table = (path / declared).resolve()
    # A collection that was uploaded must not lead out of its own folder.
    if not declared or not table.is_relative_to(path.resolve()) or not table.is_dir():
        raise InvalidValueError(
            f"The collection '{path.name}' names '{declared}' as its catalogue, which is not a folder in it.",
            field="inputs.dataset.path",
        )
    return table


def _open_catalog(path: Path, properties: Mapping[str, str]) -> ParquetObjects:
    kind = properties.get("dataproduct_type", "object")
    if kind not in _KINDS:
        raise InvalidValueError(
            f"The catalogue '{path.name}' is of type '{kind}'; objects are read from one of type 'object'.",
            field="inputs.dataset.path",
        )
    files = sorted((path / "dataset").glob("Norder=*/Dir=*/Npix=*"), key=lambda p: parquet_part(p).cells or (-1, -1))
    parts = [part for found in files for part in ([found] if found.is_file() else sorted(found.glob("*.parquet")))]
    position = properties.get("hats_col_ra"), properties.get("hats_col_dec")
    rows = properties.get("hats_nrows", "")
    return ParquetObjects(
        [parquet_part(part) for part in parts],
        position=(position[0], position[1]) if position[0] and position[1] else None,
        index=_index_column(properties),
        rows=int(rows) if rows.isdigit() else None,
    )


def _index_column(properties: Mapping[str, str]) -> str:
    # Another order than 29 cannot be compared with our ranges; then positions are indexed anew.
    if properties.get("hats_col_healpix_order", "29") != "29":
        return ""
    return properties.get("hats_col_healpix", HEALPIX_COLUMN)
