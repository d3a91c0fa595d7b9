"""Methods of version 0.3, which `PzServer` inherits."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

from pzserver.compat.api import PzRequests
from pzserver.compat.catalogs import Catalog, SpeczCatalog, TrainingSet
from pzserver.compat.deprecations import warn_once
from pzserver.compat.display import show_table, table_of_items
from pzserver.compat.processes import CRCProcess, Process, TSMProcess, VEProcess
from pzserver.compat.products import PzProduct, find_product
from pzserver.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from astropy.table import Table

    from pzserver.catalogue import Catalogue
    from pzserver.connections.connection import Connection
    from pzserver.files.downloads import Progress
    from pzserver.files.product_files import ProductFiles

__all__ = ["TodaysMethods"]

Json = dict[str, Any]  # metadata as users see them: names to texts, numbers, lists and None

_TYPES = {"display_name": "Product Type", "name": "product_type", "description": "Description"}
_RELEASES = {"name": "Name", "display_name": "Release", "description": "Description"}
_USERS = {"username": "Username", "display_name": "Name"}
_PRODUCTS = {
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
_CATALOGS: Mapping[str, type[Catalog]] = {"redshift_catalog": SpeczCatalog, "training_set": TrainingSet}


class TodaysMethods:
    """Metadata as the REST API has it, tables that are shown at once, files of products, and processes."""

    _connection: Connection
    _catalogue: Catalogue
    _files: ProductFiles

    @property
    def api(self) -> PzRequests:
        """Requests to the REST API by the names of version 0.3."""
        warn_once("PzServer.api", "the methods of PzServer")
        return self._api

    # --- metadata

    def get_product_types(self) -> list[Json]:
        """List the types of products, in their order."""
        return sorted(self._api.get_all("product-types"), key=lambda each: int(each["order"]))

    def display_product_types(self) -> None:
        """Show the types of products."""
        show_table(table_of_items(self.get_product_types(), _TYPES))

    def get_releases(self) -> list[Json]:
        """List the releases."""
        return self._api.get_all("releases")

    def display_releases(self) -> None:
        """Show the releases."""
        show_table(table_of_items(self.get_releases(), _RELEASES))

    def get_users(self) -> list[Json]:
        """List the user accounts that you may see."""
        return self._api.get_all("users")

    def display_users(self) -> None:
        """Show the user accounts that you may see."""
        show_table(table_of_items(self.get_users(), _USERS))

    def get_products_list(self, filters: Mapping[str, object] | None = None) -> list[Json]:
        """List published products, newest first.

        Parameters
        ----------
        filters
            Names (``product_type``, ``release``, ``product_name``, ``uploaded_by``, ``internal_name``, ``search`` …) to
            a word or a list of words; all must occur, or any when the name ends in ``__or``. Names that end in ``__in``
            take a list of values. ``status`` finds products that are not published.

        Raises
        ------
        ValueError
            There is no filter of this name; the message lists those that there are.
        """
        return self._api.get_products(filters)

    def display_products_list(self, filters: Mapping[str, object] | None = None) -> None:
        """Show published products."""
        show_table(table_of_items(self.get_products_list(filters), _PRODUCTS))

    def get_product_metadata(self, product_id: SupportsIndex | str, mainfile_info: bool = True) -> Json:
        """Return the metadata of a product.

        Parameters
        ----------
        product_id
            Its number or internal name.
        mainfile_info
            Whether to add ``main_file``: its name, size in bytes, checksums, rows, ``columns``, and
            ``columns_association`` of those with a meaning.

        Raises
        ------
        NotFoundError
            It does not exist, or you may not see it.
        """
        product = self._found(product_id)
        if mainfile_info:
            product["main_file"] = self._api.get_main_file_info(product["id"])
        return product

    def display_product_metadata(self, product_id: SupportsIndex | str, show: bool = True) -> pd.DataFrame | None:
        """Show the metadata of a product as keys and values.

        Parameters
        ----------
        show
            Whether to show the table; otherwise it is returned.
        """
        import pandas as pd

        metadata = self.get_product_metadata(product_id)
        main = metadata["main_file"]
        entries = {shown: metadata[key] for key, shown in _PRODUCTS.items()}
        entries |= {"n_rows": main["n_rows"], "size": f"{main['size'] / 1e6:.2f} MB"}
        if columns := main.get("columns"):
            entries |= {"columns_association": main.get("columns_association"), "columns": columns}
            entries["n_columns"] = len(columns)
        entries["main_file"] = main["name"]
        table = pd.DataFrame({"key": list(entries), "value": list(entries.values())}, dtype=object)
        if not show:
            return table
        show_table(table)
        return None

    # --- files

    def get_product(self, product_id: SupportsIndex | str, get_big_products: bool = False) -> Table:
        """Return a product's main file as an astropy table, with units.

        Parameters
        ----------
        get_big_products
            Whether files above 200 MiB are read as well.
        """
        return self._files.table(self._catalogue.product(product_id), big=get_big_products)

    def download_product(
        self,
        product_id: SupportsIndex | str,
        save_in: str | Path = ".",
        *,
        unpacked: bool = False,
        progress: Progress | None = None,
    ) -> Path:
        """Download all files of a product, and its description in ``product_metadata.yaml``.

        Interrupted downloads are resumed; every file is verified by its SHA-256.

        Parameters
        ----------
        save_in
            Folder; it is made if it does not exist.
        unpacked
            Whether to make a folder of files instead of a zip.
        progress
            Called with the bytes transferred and the size of each file.

        Returns
        -------
        Path
            The zip, or the folder.
        """
        product, folder = self._catalogue.product(product_id), Path(save_in)
        folder.mkdir(parents=True, exist_ok=True)
        target = self._files.save(product, folder, unpacked=unpacked, progress=progress)
        print(f"File saved as: {target}\nDone!")  # noqa: T201 - what notebooks show
        return target

    def get_product_object(self, product_id: SupportsIndex | str) -> PzProduct:
        """Return a product of yours, published or not, to change its description and files."""
        return PzProduct(product_id, self._api)

    def transform_df(self, dataframe: Any, metadata: Mapping[str, Any]) -> Any:  # rows of any kind
        """Return rows with their metadata as a `SpeczCatalog` or `TrainingSet`, or those of another type unchanged."""
        warn_once("PzServer.transform_df()", "server[…], whose methods plot its rows")
        kind = _CATALOGS.get(metadata["product_type_internal_name"])
        if kind is None:
            return dataframe
        return kind(dataframe, metadata, self.display_product_metadata(metadata["id"], show=False))

    # --- pipelines

    def combine_redshift_catalogs(self, name: str) -> CRCProcess:
        """Configure a combination of redshift catalogues; ``name`` is the name of its result."""
        return CRCProcess(name, self._api)

    def training_set_maker(self, name: str) -> TSMProcess:
        """Configure the making of a training set; ``name`` is the name of its result."""
        return TSMProcess(name, self._api)

    def validate_estimates(self, name: str) -> VEProcess:
        """Configure a validation of photo-z estimates; ``name`` is the name of its result."""
        return VEProcess(name, self._api)

    def run_and_wait(self, process: Process, seconds: float = 1800) -> Json:
        """Run a process, wait until it has ended, and return its product, or raise FailedRunError."""
        process.run()
        made = process.wait(seconds)
        print(f"Done! Results registered as ID={made['id']} (internal_name: {made['internal_name']})")  # noqa: T201
        return made

    @cached_property
    def _api(self) -> PzRequests:
        return PzRequests(connection=self._connection)

    def _found(self, product_id: SupportsIndex | str) -> Json:
        try:
            return find_product(self._api, product_id)
        except NotFoundError as e:
            message = f"product not found: there is no '{product_id}' that you may read; see get_products_list()."
            raise NotFoundError(message, response=e.response) from e
