"""A product with its description and files, for changes by its owner."""

from pathlib import Path
from typing import Any

from pzserver.connections.connection import Connection
from pzserver.errors import NotFoundError
from pzserver.uploads import PzUpload

__all__ = ["PzProduct"]

Json = dict[str, Any]  # products and files as the REST API returns them


class PzProduct:
    """A product, published or not; only its owner may change it.

    Parameters
    ----------
    product_id
        Its number.

    Raises
    ------
    NotFoundError
        It does not exist, or you may not see it.
    """

    def __init__(self, connection: Connection, product_id: int) -> None:
        self._connection = connection
        self.product_id = product_id
        self.attributes: Json = connection.json("GET", f"products/{product_id}/")

    def get_main_file_info(self) -> Json:
        """Return the metadata of the main file."""
        info: Json = self._connection.json("GET", f"products/{self.product_id}/main_file_info/")["main_file"]
        return info

    def get_auxiliary_files(self) -> list[Json]:
        """List the auxiliary files."""
        return self._files("Auxiliary")

    def get_description_files(self) -> list[Json]:
        """List the files that describe the product."""
        return self._files("Description")

    def attach_auxiliary_file(self, path: str | Path) -> None:
        """Add a file."""
        PzUpload(self._connection, self.product_id).add_file(path, "auxiliary")

    def attach_description_file(self, path: str | Path) -> None:
        """Add a file that describes the product."""
        PzUpload(self._connection, self.product_id).add_file(path, "description")

    def remove_file(self, file_id: int) -> None:
        """Remove a file by its number; the main file stays."""
        others = {file["id"] for file in (*self.get_auxiliary_files(), *self.get_description_files())}
        if file_id not in others:
            message = f"The product has no auxiliary or description file number {file_id}."
            raise NotFoundError(message)
        self._connection.json("DELETE", f"product-files/{file_id}/")

    def update_description(self, text: str) -> None:
        """Replace the description."""
        self.attributes = self._connection.json("PATCH", f"products/{self.product_id}/", json={"description": text})

    def _files(self, role: str) -> list[Json]:
        found = self._connection.json("GET", "product-files/", params={"product_id": self.product_id})["results"]
        return [file for file in found if file["role_name"] == role]
