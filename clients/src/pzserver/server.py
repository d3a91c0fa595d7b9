"""One Photo-z Server, as people use it."""

import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from astropy.table import Table

from pzserver.adql import in_cone, rows_query
from pzserver.catalogue import Catalogue
from pzserver.connection import Connection
from pzserver.downloads import Progress, download
from pzserver.errors import NotFoundError, RequiredColumnsError
from pzserver.tables import UnknownFormatError, read_table, with_descriptions
from pzserver.uploads import PzUpload, create_product

__all__ = ["PzServer"]

Json = dict[str, Any]  # what notebooks read of metadata: names to texts, numbers, lists and None

_METADATA_NAME = "product_metadata.yaml"
_NOT_TABLES = ("validation_results", "training_results")
_BIG = 200 * 1024**2
_ALL_ROWS = 20_000_000
_LISTED = {
    "id": "id",
    "internal_name": "internal_name",
    "display_name": "product_name",
    "product_type_name": "product_type",
    "release_name": "release",
    "uploaded_by": "uploaded_by",
    "official_product": "official_product",
    "pz_code": "pz_code",
    "description": "description",
    "created_at": "created_at",
}


class PzServer:
    """A Photo-z Server: its products, and what you may do with them.

    Parameters
    ----------
    token
        A token of yours; the server shows it once when you make it.
    host
        Address of the server, with or without ``/api/`` at its end.

    Raises
    ------
    ValueError
        There is no token, or the address is not one.
    AuthenticationError
        The token does not hold.
    """

    def __init__(self, token: str | None = None, host: str = "http://127.0.0.1:8000") -> None:
        if not token:
            message = "Give your token: PzServer(token='…', host='…'). The server's pages make one for you."
            raise ValueError(message)
        self._connection = Connection(token, host)
        self._connection.json("GET", "")
        self._catalogue = Catalogue(self._connection)

    # --- what there is

    def get_product_types(self) -> list[Json]:
        """List the types of products: name, display_name, description."""
        return self._catalogue.product_types()

    def display_product_types(self) -> pd.DataFrame:
        """Show the types of products."""
        return _frame(
            self.get_product_types(),
            {"display_name": "Product Type", "name": "product_type", "description": "Description"},
        )

    def get_releases(self) -> list[Json]:
        """List the releases: name, display_name, description."""
        return self._catalogue.releases()

    def display_releases(self) -> pd.DataFrame:
        """Show the releases."""
        return _frame(self.get_releases(), {"name": "Name", "display_name": "Release", "description": "Description"})

    def get_users(self) -> list[Json]:
        """List the people with an account."""
        people: list[Json] = self._connection.json("GET", "users/")["results"]
        return people

    def get_products_list(self, filters: Json | None = None) -> list[Json]:
        """List published products, newest first.

        Parameters
        ----------
        filters
            Names (``product_type``, ``release``, ``product_name``, ``uploaded_by``, ``internal_name`` …) to a word or
            a list of words; all must occur, or any when the name ends in ``__or``.
        """
        return self._catalogue.products(filters)

    def display_products_list(self, filters: Json | None = None) -> pd.DataFrame:
        """Show published products."""
        return _frame(self.get_products_list(filters), _LISTED)

    def get_product_metadata(self, product_id: int | str, mainfile_info: bool = True) -> Json:
        """Tell everything about a product.

        Parameters
        ----------
        product_id
            Its number or internal name.
        mainfile_info
            Whether to add ``main_file``: its name, size in bytes, checksums, rows and columns.
        """
        product = self._catalogue.product(product_id)
        if mainfile_info:
            product["main_file"] = self._main_file(product)
        return product

    def display_product_metadata(self, product_id: int | str) -> pd.DataFrame:
        """Show what there is to know about a product as names and values."""
        metadata = self.get_product_metadata(product_id)
        main_file = metadata.pop("main_file") or {}
        entries = {**metadata, "main_file": main_file.get("name"), "size": main_file.get("size")}
        return pd.DataFrame({"key": list(entries), "value": list(entries.values())})

    # --- rows and files

    def query(self, adql: str, *, maxrec: int | None = None) -> Table:
        """Run a query in ADQL, over ``photoz.products`` and the tables of all products that you may read."""
        return self._catalogue.query(adql, maxrec=maxrec)

    def get_rows(
        self,
        product_id: int | str,
        columns: Iterable[str] | None = None,
        cone: tuple[float, float, float] | None = None,
        *,
        maxrec: int | None = None,
    ) -> Table:
        """Get rows of a product without downloading it.

        Parameters
        ----------
        columns
            Names; all when not given.
        cone
            Right ascension, declination and radius, in degrees.
        maxrec
            Most rows; the server has a limit of its own.
        """
        product = self._catalogue.product(product_id)
        if product["table_name"] is None:
            message = f"The product '{product['internal_name']}' has no table that can be queried."
            raise NotFoundError(message)
        condition = None
        if cone is not None:
            if product["ra_column"] is None or product["dec_column"] is None:
                message = f"The product '{product['internal_name']}' has no positions, so no cone of it can be taken."
                raise ValueError(message)
            condition = in_cone(product["ra_column"], product["dec_column"], cone)
        return self.query(rows_query(product["table_name"], columns, condition), maxrec=maxrec)

    def get_product(self, product_id: int | str, get_big_products: bool = False) -> Table:
        """Get a product's main file as an astropy table, with units.

        Parameters
        ----------
        get_big_products
            Whether files above 200 MiB are read as well.
        """
        product = self._catalogue.product(product_id)
        if product["product_type"] in _NOT_TABLES:
            message = f"Products of the type {product['product_type_name']} are not tables; use download_product."
            raise ValueError(message)
        main = self._main_file(product)
        if main is None:
            message = f"The product '{product['internal_name']}' has no main file."
            raise FileNotFoundError(message)
        if main["size"] > _BIG and not get_big_products:
            size = f"{main['size'] / 1e6:.0f} MB"
            message = f"The main file has {size}; use get_big_products=True, or get_rows for a part of it."
            raise ValueError(message)
        details = self._connection.json("GET", f"products/{product['id']}/main_file_info/")["main_file"]
        with tempfile.TemporaryDirectory() as folder:
            path = self._download_file(product["internal_name"], main, Path(folder), None)
            try:
                table = read_table(path, details)
            except UnknownFormatError:
                if product["table_name"] is None:
                    raise
                names = [column["column_name"] for column in main["associated_columns"]]
                table = self.get_rows(product["internal_name"], names, maxrec=_ALL_ROWS)
        return with_descriptions(table, main["associated_columns"])

    def download_product(
        self,
        product_id: int | str,
        save_in: str | Path = ".",
        *,
        unpacked: bool = False,
        progress: Progress | None = None,
    ) -> Path:
        """Download all files of a product, and its description in ``product_metadata.yaml``.

        A download that broke off is taken up where it stopped; every file is checked against its SHA-256.

        Parameters
        ----------
        save_in
            Folder; it must exist.
        unpacked
            Whether to make a folder of files instead of a zip.
        progress
            Called with the bytes that are done and the bytes of each file.

        Returns
        -------
        Path
            The zip, or the folder.
        """
        product = self._catalogue.product(product_id)
        name = product["internal_name"]
        target = Path(save_in) / (name if unpacked else f"{name}.zip")
        if unpacked and target.exists():
            message = f"{target} exists already; remove it first, or choose another folder."
            raise FileExistsError(message)
        folder = Path(save_in) / f"{name}.download"
        folder.mkdir(exist_ok=True)
        for file in self._catalogue.files(product["id"]):
            if file.name != _METADATA_NAME:
                remote = {"name": file.name, "size": file.size, "sha256": file.sha256}
                self._download_file(name, remote, folder, progress)
        self._download_file(name, {"name": _METADATA_NAME, "size": None, "sha256": None}, folder, None)
        if unpacked:
            folder.replace(target)
        else:
            _pack(folder, target, name)
        print(f"File saved as: {target}")  # noqa: T201 - what notebooks show
        return target

    # --- changes

    def upload(
        self,
        name: str,
        product_type: str,
        main_file: str | Path,
        release: str | None = None,
        pz_code: str | None = None,
        auxiliary_files: Iterable[str | Path] | None = None,
        description: str | None = None,
        *,
        columns: Mapping[str, str] | None = None,
        visibility: str = "registered",
        publish: bool = True,
        progress: Progress | None = None,
    ) -> PzUpload:
        """Upload a product and publish it.

        Parameters
        ----------
        product_type, release
            Internal names.
        columns
            Names of columns to what they mean: ``RA``, ``Dec``, ``z``, ``z_err``, ``z_flag``, ``survey``, ``ID``, or
            a free alias. Without them, a product whose type asks for some stays a draft: say them with
            ``make_columns_association`` and publish it with ``save``.
        visibility
            Who may read it: private, groups, registered or public.

        Raises
        ------
        FileNotFoundError
            A file is not there; nothing was uploaded.
        ValueError
            The server has no such type or release, or it cannot read the main file.
        RequiredColumnsError
            ``columns`` are given and a mandatory meaning is not among them; the product stays a draft.
        """
        others = [Path(path) for path in auxiliary_files or ()]
        for path in (Path(main_file), *others):
            if not path.is_file():
                message = f"There is no file {path}."
                raise FileNotFoundError(message)
        fields = {"display_name": name, "product_type": product_type, "release": release, "pz_code": pz_code}
        number = create_product(self._connection, {**fields, "description": description, "visibility": visibility})
        upload = PzUpload(self._connection, number)
        upload.add_file(main_file, "main", progress)
        for path in others:
            upload.add_file(path, "auxiliary", progress)
        upload.inspect()
        if columns:
            upload.make_columns_association(columns)
        if publish:
            _publish(upload, chosen=columns is not None)
        return upload

    def update_description(self, product_id: int | str, text: str) -> None:
        """Replace the description of a product of yours."""
        number = self._number(product_id)
        self._connection.json("PATCH", f"products/{number}/", json={"description": text})

    def delete_product(self, product_id: int | str) -> None:
        """Delete a product of yours."""
        self._connection.json("DELETE", f"products/{self._number(product_id)}/")

    def _number(self, product_id: int | str) -> int:
        """Give the number of a product; drafts are found by number alone."""
        if isinstance(product_id, int) or product_id.isdecimal():
            return int(product_id)
        return int(self._catalogue.product(product_id)["id"])

    def _main_file(self, product: Json) -> Json | None:
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

    def _download_file(self, internal_name: str, file: Json, folder: Path, progress: Progress | None) -> Path:
        path = f"{quote(internal_name, safe='')}/{quote(file['name'], safe='')}"
        url = f"{self._connection.base_url}/vospace/files/products/{path}"
        return download(
            self._connection, url, folder / file["name"], size=file["size"], sha256=file["sha256"], progress=progress
        )


def _publish(upload: PzUpload, *, chosen: bool) -> None:
    try:
        upload.save()
    except RequiredColumnsError as e:
        if chosen:
            raise
        print(f"{e}. The product is a draft: make_columns_association, then save.")  # noqa: T201 - for notebooks


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


def _frame(items: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [{shown: item[key] for key, shown in names.items()} for item in items], columns=[*names.values()]
    )
