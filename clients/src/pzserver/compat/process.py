"""Base class of the runs of version 0.3: inputs, parameters, status and results."""

from __future__ import annotations

import time
import warnings
from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex

from pzserver.compat.pipeline import Pipeline
from pzserver.errors import InvalidValueError, PzServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pzserver.compat.api import PzRequests

__all__ = ["FailedRunError", "Process"]

Json = dict[str, Any]  # runs and products as users see them: names to texts, numbers, lists and None

_RUNNING = ("Pending", "Running")
_PAUSE_SECONDS = 1.0
#: Parameters of the result, which are not those of a pipeline.
_OF_RESULT = ("output_format", "visibility")
#: Parameters that notebooks set and the server ignores, which says so in the log of the run.
_WITHOUT_EFFECT = ("duplicate_criteria",)
_LINE = "-" * 30


class FailedRunError(PzServerError):
    """A run ended without a result; the message states the reason."""


class Process:
    """A run of a pipeline: configured here, executed on the server.

    Parameters
    ----------
    pipeline
        Internal name of the pipeline.
    name
        Name of the product that it makes.
    """

    def __init__(self, pipeline: str, name: str, api: PzRequests) -> None:
        self._api = api
        self.name = name
        self.description = ""
        self.comment: str | None = None
        self.pipeline = Pipeline(pipeline, api)
        self._config: Json = dict(self.pipeline.parameters)
        self._process_config: Json = {}
        self._inputs: list[int] = []
        self._fields: Json = {}
        self._labels: dict[int, str] = {}
        self._run: Json | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}' of {self.pipeline.display_name}>"

    # --- inputs

    def available_product_types(self) -> list[str]:
        """List the names of the product types that it takes."""
        return [str(each["name"]) for each in self.pipeline.acceptable_product_types]

    def available_product_types_id(self) -> list[int]:
        """List the numbers of the product types that it takes."""
        return [int(each["id"]) for each in self.pipeline.acceptable_product_types]

    @property
    def inputs(self) -> list[int]:
        """Numbers of the products that it reads."""
        return self._inputs

    def append_input(self, input_id: SupportsIndex) -> None:
        """Add a product by its number, without a check of its type."""
        self._inputs.append(index(input_id))

    def empty_input(self) -> None:
        """Remove all inputs."""
        self._inputs = []

    def get_product(self, product_id: SupportsIndex | str | None = None, internal_name: str | None = None) -> Json:
        """Return the metadata of a product that can be an input.

        Raises
        ------
        InvalidValueError
            There is no such product, or its type is not one that the pipeline takes.
        """
        product = self._product(product_id, internal_name)
        if product["product_type"] not in self.available_product_types_id():
            names = " or ".join(str(each["display_name"]) for each in self.pipeline.acceptable_product_types)
            raise InvalidValueError(
                f"Input is not of the expected type: '{product['internal_name']}' is of type "
                f"{product['product_type_name']}, and {self.pipeline.display_name} takes {names}."
            )
        return product

    # --- parameters

    @property
    def config(self) -> Json:
        """Parameters of the pipeline; `set_config` changes them."""
        return self._config

    @property
    def process_config(self) -> Json:
        """Format and visibility of the result, where they are set."""
        return self._process_config

    @property
    def used_config(self) -> Json:
        """The configuration that is sent."""
        return {"param": self.config, **self.process_config}

    def set_config(self, config: Mapping[str, Any]) -> None:
        """Change parameters; ``output_format`` and ``visibility`` are those of the result.

        Raises
        ------
        InvalidValueError
            The pipeline has no such parameter.
        """
        known = self.pipeline.parameters
        if unknown := [key for key in config if key not in {*known, *_OF_RESULT, *_WITHOUT_EFFECT}]:
            raise InvalidValueError(f"There is no parameter '{unknown[0]}'; there are {', '.join(known)}.")
        for key, value in config.items():
            if key in _WITHOUT_EFFECT:
                warnings.warn(f"The parameter '{key}' has no effect on this server.", UserWarning, stacklevel=2)
            target = self._process_config if key in _OF_RESULT else self._config
            target[key] = value

    # --- the run

    def run(self) -> Json:
        """Start the run; return its metadata and its output.

        Raises
        ------
        InvalidValueError
            The server refuses an input or a parameter, which the message names.
        """
        if self._run is not None:
            print(f"The process has been started already, as number {self._run['id']}; create a new one.")  # noqa: T201
            return {}
        config = {key: value for key, value in self.used_config.items() if key != "visibility"}
        data = {
            "display_name": self.name,
            "description": self.description,
            "pipeline": self.pipeline.pipeline_id,
            "inputs": self.inputs,
            "used_config": config,
            **{key: value for key, value in self._process_config.items() if key == "visibility"},
            **self._fields,
        }
        return self.submit(data)

    def submit(self, data: Mapping[str, Any], files: Mapping[str, Any] | None = None) -> Json:
        """Start a run with the fields of a request."""
        self._run = self._api.start_process(data, files)
        return {**self._run, "output": self.output}

    @property
    def metadata(self) -> Json:
        """Present metadata of the run."""
        return self._api.get("processes", self._number())

    @property
    def process(self) -> Json | None:
        """Number, status and output of the run; None before it was started."""
        if self._run is None:
            return None
        return {"output": self.output, "id": self._run["id"], "status": self.check_status()}

    @property
    def output(self) -> Json | None:
        """The product that the run makes: id, display_name, internal_name; None before it was started."""
        if self._run is None:
            return None
        product = self._api.get("products", self._run["upload"])
        return {key: product[key] for key in ("id", "display_name", "internal_name")}

    def check_status(self) -> str:
        """Return the status: Pending, Running, Successful, Failed or Stopped."""
        return "The process has not been started" if self._run is None else str(self.metadata["status"])

    def wait(self, seconds: float = 1800, on_progress: Callable[[float, str], None] | None = None) -> Json:
        """Wait until the run has ended, and return its product.

        Raises
        ------
        FailedRunError
            It failed, or was stopped, or takes longer than so many seconds.
        """
        deadline = time.monotonic() + seconds
        while (run := self.metadata)["status"] in _RUNNING:
            if on_progress is not None:
                on_progress(float(run["progress"]), str(run["message"]))
            if time.monotonic() > deadline:
                raise FailedRunError(f"The run takes longer than {seconds:g} s; it continues, see check_status().")
            time.sleep(_PAUSE_SECONDS)
        self.comment = run["comment"]
        if run["status"] != "Successful":
            raise FailedRunError(run["comment"] or f"The run is {run['status'].lower()}.")
        return self.output or {}

    def stop(self) -> Json | str:
        """Abort the run."""
        return "No process is running" if self._run is None else self._api.stop_process(self._run["id"])

    def log(self) -> str:
        """Return the log of the run."""
        return str(self._api.get("processes", f"{self._number()}/logs")["pipeline"]["content"])

    def report(self) -> Json:
        """Return the report of the run."""
        return self._api.get("processes", f"{self._number()}/report")

    def summary(self, extra_info: Iterable[str] | None = None) -> None:
        """Print inputs, parameters and status."""
        defaults = self.pipeline.parameters
        changed = {key: value for key, value in self.config.items() if key not in defaults or value != defaults[key]}
        names = ", ".join(self._labels.get(number, str(number)) for number in self.inputs)
        lines = [
            _LINE,
            f"{self.pipeline.display_name}: {self.name}",
            f"Inputs: {names or 'none'}",
            f"Configuration: {self.config}",
            f"Changed parameters: {changed or 'none'}",
            *([f"Process options: {self.process_config}"] if self.process_config else []),
            *(extra_info or ()),
            *([f"Output: {self.output}"] if self.output else []),
            f"Status: {self.check_status()}",
            _LINE,
        ]
        print("\n".join(lines))  # noqa: T201 - for notebooks

    def _product(self, product_id: SupportsIndex | str | None, internal_name: str | None) -> Json:
        if product_id is None and internal_name is None:
            raise InvalidValueError("No product selected; name it by its number or its internal name.")
        key = internal_name if product_id is None else product_id
        if not isinstance(key, str):
            product = self._api.get("products", index(key))  # type: ignore[arg-type]  # one of both is given
        elif product_id is not None and key.isdecimal():
            product = self._api.get("products", key)
        else:
            found = self._api.get_by_attribute("products", "internal_name", key)["results"]
            if not found:
                raise InvalidValueError(f"There is no product '{key}'.")
            product = found[0]
        self._labels[int(product["id"])] = str(product["display_name"])
        return product

    def _number(self) -> int:
        if self._run is None:
            raise InvalidValueError("The process has not been started; call run().")
        return int(self._run["id"])
