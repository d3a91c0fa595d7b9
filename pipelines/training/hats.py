"""Reader of HATS catalogues (IVOA Note HATS 1.0) without Dask, from folders, S3 and HTTP."""

from collections.abc import Mapping
from pathlib import Path

from core.columns import HEALPIX_COLUMN
from core.errors import InvalidValueError
from core.sky.hats import CATALOGUE_FILES, COLLECTION_FILE, properties_of
from pipelines.inputs.catalogue_folders import Address, CatalogueFolder
from pipelines.inputs.partition_lists import parquet_part, partitions_of
from pipelines.training.parquet_objects import ParquetObjects

__all__ = ["open_objects", "release_catalog"]

_KINDS = frozenset({"object", "source"})


def open_objects(address: Address) -> ParquetObjects:
    """Open a HATS catalogue or collection, a Parquet file, or a folder of Parquet files.

    Raises
    ------
    InvalidValueError
        When there is no such file, it holds no Parquet, or the catalogue is a margin or an index.
    UnreadableFileError
        A file does not have the format of its name, or a server does not respond.
    """
    if address.is_file() if isinstance(address, Path) else address.endswith(".parquet"):
        return ParquetObjects([parquet_part(address)])
    folder = CatalogueFolder(address)
    if isinstance(address, Path) and not address.is_dir():
        raise _no_catalogue(folder)
    collection = folder.text(COLLECTION_FILE)
    if collection is not None:
        folder = _primary_table(folder, properties_of(collection))
    for name in CATALOGUE_FILES:
        text = folder.text(name)
        if text is not None:
            return _open_catalog(folder, properties_of(text))
    if not folder.can_list:
        raise _no_catalogue(folder)
    return ParquetObjects([parquet_part(file) for file in folder.parquet_files()])


def release_catalog(address: Address, *, magnitudes: bool, flux_type: str, dereddening: str) -> Address:
    """Return the catalogue of a release, ``<mag|flux>/<flux type>/<dereddening>/catalog``, or the address itself.

    Raises
    ------
    InvalidValueError
        When the folder is that of a release without such a catalogue.
    """
    wanted = f"{'mag' if magnitudes else 'flux'}/{flux_type}/{dereddening}/catalog"
    if not isinstance(address, Path):
        catalogue = CatalogueFolder(address).child(wanted)
        names = (*CATALOGUE_FILES, COLLECTION_FILE)
        is_there = catalogue is not None and any(catalogue.text(name) is not None for name in names)
        return f"{address}/{wanted}" if is_there else address
    if not any((address / kind).is_dir() for kind in ("mag", "flux")):
        return address
    chosen = address / wanted
    if chosen.is_dir():
        return chosen
    offered = sorted(str(p.parent.relative_to(address)) for p in address.glob("*/*/*/catalog") if p.is_dir())
    raise InvalidValueError(
        f"The release has no catalogue {chosen.parent.relative_to(address)}; it has {', '.join(offered) or 'none'}. "
        "Choose 'convert_flux_to_mag', 'flux_type' and 'dereddening' to match.",
        field="param.flux_type",
    )


def _no_catalogue(folder: CatalogueFolder) -> InvalidValueError:
    return InvalidValueError(f"There is no object catalogue '{folder.name}'.", field="inputs.dataset.path")


def _primary_table(folder: CatalogueFolder, collection: Mapping[str, str]) -> CatalogueFolder:
    declared = collection.get("hats_primary_table_url", "")
    # A collection that was uploaded must not lead out of its own folder.
    table = folder.child(declared)
    if table is None:
        raise InvalidValueError(
            f"The collection '{folder.name}' names '{declared}' as its catalogue, which is not a folder in it.",
            field="inputs.dataset.path",
        )
    return table


def _open_catalog(folder: CatalogueFolder, properties: Mapping[str, str]) -> ParquetObjects:
    kind = properties.get("dataproduct_type", "object")
    if kind not in _KINDS:
        raise InvalidValueError(
            f"The catalogue '{folder.name}' is of type '{kind}'; objects are read from one of type 'object'.",
            field="inputs.dataset.path",
        )
    position = properties.get("hats_col_ra"), properties.get("hats_col_dec")
    rows = properties.get("hats_nrows", "")
    return ParquetObjects(
        partitions_of(folder, properties),
        position=(position[0], position[1]) if position[0] and position[1] else None,
        index=_index_column(properties),
        rows=int(rows) if rows.isdigit() else None,
    )


def _index_column(properties: Mapping[str, str]) -> str:
    # Another order than 29 cannot be compared with our ranges; then positions are indexed anew.
    if properties.get("hats_col_healpix_order", "29") != "29":
        return ""
    return properties.get("hats_col_healpix", HEALPIX_COLUMN)
