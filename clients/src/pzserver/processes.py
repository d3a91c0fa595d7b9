"""Runs of pipelines: inputs, parameters, status and results."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pzserver.connections.connection import Connection
from pzserver.errors import InvalidValueError, PzServerError

__all__ = ["CRCProcess", "FailedRunError", "Process", "TSMProcess", "VEProcess"]

Json = dict[str, Any]  # runs as users see them: names to texts, numbers, lists and None

_RUNNING = ("Pending", "Running")
_PAUSE_SECONDS = 1.0


class FailedRunError(PzServerError):
    """A run ended without a result; the message states the reason."""


class Process:
    """A run of a pipeline: configured here, executed on the server.

    Parameters
    ----------
    pipeline
        Name of the pipeline.
    name
        Name of the product that it makes.
    """

    def __init__(self, connection: Connection, pipeline: str, name: str) -> None:
        self._connection = connection
        self.name = name
        self.description = ""
        self.pipeline: Json = _one(connection, "pipelines", pipeline)
        #: Parameters of the pipeline; `set_config` changes them.
        self.config: Json = dict(self.pipeline["system_config"]["param"])
        self.inputs: list[Json] = []
        self._fields: Json = {}
        self._files: dict[str, Path] = {}
        self._number: int | None = None

    def set_config(self, config: Mapping[str, Any]) -> None:
        """Change parameters; ``output_format`` and ``visibility`` are those of the result."""
        for key, value in config.items():
            if key in {"output_format", "visibility"}:
                self._fields[key] = value
            elif key in self.config:
                self.config[key] = value
            else:
                raise InvalidValueError(f"There is no parameter '{key}'; there are {', '.join(self.config)}.")

    def run(self) -> Json:
        """Start the run, and return its metadata.

        Raises
        ------
        InvalidValueError
            The server refuses an input or a parameter, which the message names.
        """
        if self._number is not None:
            raise InvalidValueError(
                f"This process has been started already, with number {self._number}; create a new one."
            )
        fields = {
            "display_name": self.name,
            "description": self.description,
            "pipeline": self.pipeline["id"],
            "inputs": [product["id"] for product in self.inputs],
            "used_config": json.dumps({"param": self.config}),
            **self._fields,
        }
        if self._files:
            files = {key: (path.name, path.read_bytes()) for key, path in self._files.items()}
            made = self._connection.json("POST", "processes/", data=fields, files=files)
        else:
            made = self._connection.json("POST", "processes/", json=fields)
        self._number = int(made["id"])
        return self.metadata

    @property
    def metadata(self) -> Json:
        """Present metadata of the run."""
        answer: Json = self._connection.json("GET", f"processes/{self._of_run()}/")
        return answer

    @property
    def output(self) -> Json | None:
        """The product that the run makes: id, display_name, internal_name; None before it was started."""
        if self._number is None:
            return None
        product = self._connection.json("GET", f"products/{self.metadata['upload']}/")
        return {key: product[key] for key in ("id", "display_name", "internal_name")}

    def check_status(self) -> str:
        """Return the status: Pending, Running, Successful, Failed or Stopped."""
        return "The process has not been started" if self._number is None else str(self.metadata["status"])

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
        if run["status"] != "Successful":
            raise FailedRunError(run["comment"] or f"The run is {run['status'].lower()}.")
        return self.output or {}

    def stop(self) -> Json:
        """Abort the run."""
        answer: Json = self._connection.json("POST", f"processes/{self._of_run()}/stop/")
        return answer

    def log(self) -> str:
        """Return the log of the run."""
        return str(self._connection.json("GET", f"processes/{self._of_run()}/logs/")["pipeline"]["content"])

    def report(self) -> Json:
        """Return the report of the run."""
        answer: Json = self._connection.json("GET", f"processes/{self._of_run()}/report/")
        return answer

    def summary(self) -> None:
        """Print inputs, parameters and status."""
        names = ", ".join(product["display_name"] for product in self.inputs) or "none"
        changed = {k: v for k, v in self.config.items() if v != self.pipeline["system_config"]["param"][k]}
        lines = (
            f"{self.pipeline['display_name']}: {self.name}",
            f"Inputs: {names}",
            f"Changed parameters: {changed or 'none'}",
            f"Status: {self.check_status()}",
        )
        print("\n".join(lines))  # noqa: T201 - for notebooks

    def _product(self, product_id: int | None, internal_name: str | None) -> Json:
        if product_id is None and internal_name is None:
            raise InvalidValueError("Name a product by its number or its internal name.")
        if product_id is not None:
            answer: Json = self._connection.json("GET", f"products/{product_id}/")
            return answer
        found = self._connection.json("GET", "products/", params={"status": 1, "internal_name": internal_name})
        if not found["results"]:
            raise InvalidValueError(f"There is no product '{internal_name}'.")
        product: Json = found["results"][0]
        return product

    def _of_run(self) -> int:
        if self._number is None:
            raise InvalidValueError("The process has not been started; call run().")
        return self._number


class CRCProcess(Process):
    """A run of Combine Redshift Catalogs."""

    def __init__(self, connection: Connection, name: str) -> None:
        super().__init__(connection, "combine_redshift_dedup", name)

    @property
    def input_catalogs(self) -> list[Json]:
        """The catalogues that will be combined."""
        return self.inputs

    def append_catalog(self, _id: int | None = None, internal_name: str | None = None) -> None:
        """Add a redshift catalogue, by its number or its internal name."""
        self.inputs.append(self._product(_id, internal_name))

    def set_flags_translation(self, path: str | Path) -> None:
        """Set custom rules for flags, a YAML file."""
        self._files = {"flags_translation_file": Path(path)}


class TSMProcess(Process):
    """A run of the Training Set Maker."""

    def __init__(self, connection: Connection, name: str) -> None:
        super().__init__(connection, "training_set_maker", name)

    def set_redshift(self, _id: int | None = None, internal_name: str | None = None) -> None:
        """Choose the redshift catalogue, by its number or its internal name."""
        self.inputs = [self._product(_id, internal_name)]

    def set_objects(self, _id: int | None = None, internal_name: str | None = None) -> None:
        """Choose a product of type Objects Catalog as the object catalogue."""
        self._fields.pop("release", None)
        self._fields["objects"] = str(self._product(_id, internal_name)["id"])

    def set_release(self, name: str | None = None, release_id: int | None = None) -> None:
        """Choose the object catalogue of a release, by the release's name or number."""
        if name is None and release_id is None:
            raise InvalidValueError("Name a release by its name or its number.")
        self._fields["release"] = release_id if name is None else _one(self._connection, "releases", name)["id"]


class VEProcess(Process):
    """A run of Validate Photo-z Estimates."""

    def __init__(self, connection: Connection, name: str) -> None:
        super().__init__(connection, "validate_estimates", name)

    def append_estimates(self, _id: int | None = None, internal_name: str | None = None) -> None:
        """Add a product of type Photo-z Estimates, by its number or its internal name."""
        self.inputs.append(self._product(_id, internal_name))

    def set_reference(self, _id: int | None = None, internal_name: str | None = None) -> None:
        """Choose the product with the reference redshifts: a training set, a redshift catalogue or another table."""
        self._fields["objects"] = str(self._product(_id, internal_name)["id"])


def _one(connection: Connection, kind: str, name: str) -> Json:
    found = connection.json("GET", f"{kind}/", params={"name": name})
    if not found["results"]:
        raise InvalidValueError(f"This server has no {kind[:-1]} '{name}'.")
    one: Json = found["results"][0]
    return one
