"""Files of published products: as tables, as a zip archive, or as a folder."""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pzserver.catalogue import Catalogue
from pzserver.connections.connection import Connection
from pzserver.errors import PzServerError
from pzserver.files.downloads import Progress, download

if TYPE_CHECKING:
    from astropy.table import Table

__all__ = ["METADATA_NAME", "ProductFiles", "local_name", "windows_name"]

Json = dict[str, Any]  # metadata: names to texts, numbers, lists and None

METADATA_NAME = "product_metadata.yaml"
_NOT_TABLES = ("validation_results", "training_results")
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}
_BIG = 200 * 1024**2


class ProductFiles:
    """Downloads of the files of published products from the server's VOSpace."""

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue

    def main_file(self, product: Json) -> Json | None:
        """Return the metadata of the main file of a product and its columns, or None."""
        files = [file for file in self._catalogue.files(product["id"]) if file.role == "main"]
        if not files:
            return None
        columns = self._catalogue.columns(product["id"])
        return {
            "name": files[0].name,
            "type": files[0].media_type,
            "extension": Path(files[0].name).suffix.lower(),
            "size": files[0].size,
            "md5": files[0].md5,
            "sha256": files[0].sha256,
            "n_rows": product["n_rows"],
            "columns": [column["column_name"] for column in columns],
            "associated_columns": columns,
        }

    def table(self, product: Json, *, big: bool) -> Table:
        """Read the main file of a product."""
        from pzserver.tables.readers import with_descriptions

        main = self._readable(product, big=big)
        columns = main["associated_columns"]
        with tempfile.TemporaryDirectory() as folder:
            table = self._read(product, main, self._fetch(product, main, Path(folder), None))
        return with_descriptions(table, columns)

    def save(self, product: Json, save_in: Path, *, unpacked: bool, progress: Progress | None) -> Path:
        """Download all files of a product, as a folder or as a zip archive."""
        name = local_name(product["internal_name"])
        target = save_in / (name if unpacked else f"{name}.zip")
        if unpacked and target.exists():
            message = f"{target} exists already; remove it, or choose another folder."
            raise FileExistsError(message)
        folder = save_in / f"{name}.download"
        folder.mkdir(exist_ok=True)
        for file in self._catalogue.files(product["id"]):
            if file.name != METADATA_NAME:
                wanted = {"name": file.name, "size": file.size, "sha256": file.sha256}
                self._fetch(product, wanted, folder, progress)
        self._fetch(product, {"name": METADATA_NAME, "size": None, "sha256": None}, folder, None)
        if unpacked:
            folder.replace(target)
        else:
            _pack(folder, target, name)
        return target

    def _read(self, product: Json, main: Json, path: Path) -> Table:
        """Return the table of a file; read locally if columns and rows agree with the server's, else queried."""
        from pzserver.tables.readers import UnknownFormatError, read_table

        details = self._connection.json("GET", f"products/{product['id']}/main_file_info/")["main_file"]
        queryable = product["table_name"] is not None
        try:
            table = read_table(path, details)
        except UnknownFormatError:
            if not queryable:
                raise
        else:
            if not queryable or (table.colnames, len(table)) == (main["columns"], main["n_rows"]):
                return table
        return self._catalogue.rows(product, main["columns"])

    def _readable(self, product: Json, *, big: bool) -> Json:
        main = self.main_file(product)
        # Results of our own validations are tables; those of others may be anything.
        if product["product_type"] in _NOT_TABLES and (main is None or not main["columns"]):
            message = f"The product '{product['internal_name']}' is not a table; use download_product."
            raise ValueError(message)
        if main is None:
            message = f"The product '{product['internal_name']}' has no main file."
            raise FileNotFoundError(message)
        if main["size"] > _BIG and not big:
            size = f"{main['size'] / 1e6:.0f} MB"
            message = f"The main file has {size}; use get_big_products=True, or get_rows for a part of it."
            raise ValueError(message)
        return main

    def _fetch(self, product: Json, file: Json, folder: Path, progress: Progress | None) -> Path:
        path = f"{quote(product['internal_name'], safe='')}/{quote(file['name'], safe='')}"
        url = f"{self._connection.base_url}/vospace/files/products/{path}"
        return download(
            self._connection,
            url,
            folder / local_name(file["name"]),
            size=file["size"],
            sha256=file["sha256"],
            progress=progress,
        )


def local_name(name: str) -> str:
    """Return a file name that Windows takes as well, or raise PzServerError when it leads out of the folder."""
    if Path(name).name != name or name == ".." or "\\" in name:
        message = f"The server has a file '{name}', which is not a valid file name here; it was not saved."
        raise PzServerError(message)
    if os.name != "nt":
        return name
    return windows_name(name)


def windows_name(name: str) -> str:
    """Return a name without what Windows reserves: some characters, names of devices, dots and blanks at the end."""
    safe = re.sub(r'[<>:"|?*\x00-\x1f]', "_", name)
    safe = re.sub(r"[. ]+$", "_", safe)
    return f"_{safe}" if safe.partition(".")[0].rstrip().upper() in _DEVICES else safe


def _pack(folder: Path, target: Path, name: str) -> None:
    part = target.with_name(target.name + ".part")
    paths = sorted(folder.iterdir())
    with zipfile.ZipFile(part, "w") as archive:
        for path in paths:
            archive.write(path, f"{name}/{path.name}")
    part.replace(target)
    for path in paths:
        path.unlink()
    folder.rmdir()
