"""A pipeline of the server with the attributes of version 0.3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pzserver.compat.api import PzRequests

__all__ = ["Pipeline"]

Json = dict[str, Any]  # pipelines and product types as the REST API returns them


class Pipeline:
    """A pipeline.

    Parameters
    ----------
    name
        Internal name, such as ``training_set_maker``.

    Raises
    ------
    ValueError
        The server has no such pipeline.
    """

    def __init__(self, name: str, api: PzRequests) -> None:
        found = api.get_by_name("pipelines", name)
        if found is None:
            message = f"This server has no pipeline '{name}'."
            raise ValueError(message)
        self._found = found
        types = {each["id"]: each for each in api.get_all("product-types")}
        #: Types of products that it takes, and that of its result.
        self.acceptable_product_types = tuple(types[number] for number in found["product_types_accepted"])
        self.output_product_type: Json = types[found["output_product_type"]]

    @property
    def pipeline_id(self) -> int:
        """Its number."""
        return int(self._found["id"])

    @property
    def name(self) -> str:
        """Internal name."""
        return str(self._found["name"])

    @property
    def display_name(self) -> str:
        """Name in pages."""
        return str(self._found["display_name"])

    @property
    def system_config(self) -> Json:
        """Defaults of the server."""
        config: Json = self._found["system_config"]
        return config

    @property
    def parameters(self) -> Json:
        """Parameters with their defaults."""
        parameters: Json = self.system_config["param"]
        return parameters

    @property
    def version(self) -> str:
        """Version that runs."""
        return str(self._found["version"])

    @property
    def description(self) -> str:
        """What it does."""
        return str(self._found["description"])
