"""A product with its description and files, for changes by its owner, as version 0.3 has it."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex

from pzserver.errors import InvalidValueError, NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from pzserver.compat.api import PzRequests

__all__ = ["PzProduct", "find_product"]

Json = dict[str, Any]  # products and files as the REST API returns them


def find_product(api: PzRequests, product_id: SupportsIndex | str) -> Json:
    """Return the metadata of a product, published or not, by its number or internal name.

    Raises
    ------
    NotFoundError
        It does not exist, or you may not see it.
    """
    if not isinstance(product_id, str) or product_id.isdecimal():
        return api.get("products", index(product_id) if not isinstance(product_id, str) else product_id)
    found = api.get_by_attribute("products", "internal_name", product_id)["results"]
    if not found:
        message = f"product not found: there is no '{product_id}' that you may read; see get_products_list()."
        raise NotFoundError(message)
    product: Json = found[0]
    return product


class PzProduct:
    """A product, published or not; only its owner may change it.

    Parameters
    ----------
    product_id
        Its number or internal name.

    Raises
    ------
    NotFoundError
        It does not exist, or you may not see it.
    """

    def __init__(self, product_id: SupportsIndex | str, api: PzRequests) -> None:
        self._api = api
        self.attributes: Json = find_product(api, product_id)
        self.product_id = int(self.attributes["id"])

    def __repr__(self) -> str:
        return f"<PzProduct {self.attributes['internal_name']}>"

    @property
    def main_file(self) -> Json:
        """The main file; empty if there is none."""
        return next(iter(self._files("Main")), {})

    def get_main_file_info(self) -> Json:
        """Return the metadata of the main file."""
        return self._api.get_main_file_info(self.product_id)

    def get_auxiliary_files(self) -> list[Json]:
        """List the auxiliary files."""
        return self._files("Auxiliary")

    def get_description_files(self) -> list[Json]:
        """List the files that describe the product."""
        return self._files("Description")

    def attach_auxiliary_file(self, filepath: str | Path) -> None:
        """Add a file; one of a name that is taken gets a number in its name."""
        self._api.upload_file(self.product_id, filepath, "auxiliary")

    def attach_description_file(self, filepath: str | Path) -> None:
        """Add a file that describes the product."""
        self._api.upload_file(self.product_id, filepath, "description")

    def remove_file(self, file_id: SupportsIndex) -> None:
        """Remove a file by its number; the main file stays."""
        number = index(file_id)
        if number == self.main_file.get("id"):
            raise InvalidValueError("Cannot remove main file; delete the product instead.")
        if number not in {file["id"] for file in (*self.get_auxiliary_files(), *self.get_description_files())}:
            message = f"The product has no auxiliary or description file number {number}."
            raise NotFoundError(message)
        self._api.delete_product_file(number)

    def update_description(self, description: str) -> None:
        """Replace the description."""
        self.attributes = self._api.update_product_description(self.product_id, description)

    def _files(self, role: str) -> list[Json]:
        return [file for file in self._api.get_product_files(self.product_id) if file["role_name"] == role]
