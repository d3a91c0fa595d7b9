"""Pipelines of a server, and their runs as jobs whose result is a product."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias, TypedDict

from pzserver.errors import InvalidValueError, NotFoundError
from pzserver.jobs import Job
from pzserver.models import Pipeline as PipelineModel
from pzserver.models import StartedProcess
from pzserver.pipelines.parameters import ParameterList
from pzserver.products.product import Product

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pzserver.catalogue import Catalogue
    from pzserver.connections.connection import Connection
    from pzserver.pipelines.parameters import Value

__all__ = ["Pipeline", "Pipelines", "ProductKey", "Run"]

#: A product: the object, its number, its internal name, or the ``vos:`` address of a file.
ProductKey: TypeAlias = "Product | SupportsIndex | str"

_COMBINE, _TRAINING_SET, _VALIDATE = "combine_redshift_dedup", "training_set_maker", "validate_estimates"
_ESTIMATE = "estimate"


class Run(Job):
    """A run of a pipeline: a job whose result is a product."""

    def __init__(self, connection: Connection, catalogue: Catalogue, started: StartedProcess) -> None:
        super().__init__(connection, f"/pipelines/{started.pipeline_name}", started.job.rpartition("/")[2])
        self._catalogue = catalogue
        #: The run as the server accepted it, with its parameters and warnings.
        self.started = started

    def __repr__(self) -> str:
        return f"<Run {self.number} of {self.started.pipeline_name}: {self.started.display_name}>"

    @property
    def number(self) -> int:
        """Its number among the runs, ``processes`` of the REST API."""
        return self.started.id

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the server warned about when it accepted the run."""
        return self.started.warnings

    @property
    def result(self) -> Product:
        """The product that the run makes; waits for it.

        Raises
        ------
        FailedJobError
            The run failed or was aborted; the message states the reason.
        """
        self.wait()
        return Product(self._connection, self._catalogue, self.started.upload)

    @property
    def report(self) -> Mapping[str, Any]:  # Any: each pipeline has a report of its own, which is JSON
        """Report of the run, as JSON."""
        answer: Mapping[str, Any] = self._connection.json("GET", f"processes/{self.number}/report/")
        return answer


class Pipeline:
    """A pipeline of the server.

    Parameters
    ----------
    model
        The server's description of it.
    """

    def __init__(self, connection: Connection, catalogue: Catalogue, model: PipelineModel) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self.model = model
        #: Its parameters, with defaults and descriptions.
        self.parameters = ParameterList(model.display_name, model.parameters)

    def __repr__(self) -> str:
        return f"<Pipeline {self.name}: {self.model.display_name} {self.model.version}>\n{self.parameters!r}"

    def _repr_html_(self) -> str:
        return f"<p>{self.model.display_name} {self.model.version}</p>{self.parameters._repr_html_()}"

    @property
    def name(self) -> str:
        """Its name."""
        return self.model.name

    def run(
        self,
        name: str,
        inputs: ProductKey | Iterable[ProductKey],
        *,
        objects: ProductKey | None = None,
        release: str | None = None,
        description: str = "",
        output_format: str | None = None,
        visibility: str | None = None,
        rules: str | Path | None = None,
        parameters: Mapping[str, Value] | None = None,
        **more_parameters: Value,
    ) -> Run:
        """Check the parameters and the inputs, start a run, and return it.

        Parameters
        ----------
        name
            Name of the product that it makes.
        inputs
            Products, by object, number or internal name, or ``vos:`` addresses of files.
        objects, release
            The object catalogue or reference as a product, or a release that has one.
        rules
            Rules for flags: the path of a YAML file, or its text.
        parameters, more_parameters
            Parameters that differ from their defaults; see `parameters`. Those in groups are written with a dot, or
            as a mapping.

        Raises
        ------
        InvalidValueError
            A parameter is not allowed, or a product has a type that the pipeline does not take.
        """
        checked = self.parameters.checked({**(parameters or {}), **more_parameters})
        fields: dict[str, object] = {
            "display_name": name,
            "description": description,
            "pipeline": self.name,
            "inputs": [self._input(each) for each in _listed(inputs)],
            "used_config": {"param": checked},
        }
        optional = {"release": release, "output_format": output_format, "visibility": visibility}
        fields |= {key: value for key, value in optional.items() if value is not None}
        if objects is not None:
            fields["objects"] = str(self._key(objects))
        if rules is not None:
            fields["rules"] = rules.read_text(encoding="utf-8") if isinstance(rules, Path) else rules
        made = self._connection.json("POST", "processes/", json=fields)
        return Run(self._connection, self._catalogue, StartedProcess.from_json(made))

    def _input(self, key: ProductKey) -> int | str:
        """Return the number of an input, or its address, after a check of its type."""
        found = self._key(key)
        if isinstance(found, str):
            return found
        product = self._connection.json("GET", f"products/{found}/")
        if product["product_type"] not in self.model.product_types_accepted:
            raise InvalidValueError(
                f"{self.model.display_name} takes no product of type {product['product_type_name']}, "
                f"which '{product['internal_name']}' is."
            )
        return found

    def _key(self, key: ProductKey) -> int | str:
        if isinstance(key, Product):
            return key.number
        if isinstance(key, str) and key.startswith("vos:"):
            return key
        return self._catalogue.number(key)


class Pipelines:
    """The pipelines of a server, by name."""

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue

    def __repr__(self) -> str:
        return f"<Pipelines: {', '.join(pipeline.name for pipeline in self)}>"

    def __iter__(self) -> Iterator[Pipeline]:
        results = self._connection.json("GET", "pipelines/")["results"]
        return (Pipeline(self._connection, self._catalogue, PipelineModel.from_json(item)) for item in results)

    def __getitem__(self, name: str) -> Pipeline:
        """Return a pipeline by its name.

        Raises
        ------
        NotFoundError
            The server has no such pipeline.
        """
        names = []
        for pipeline in self:
            names.append(pipeline.name)
            if pipeline.name == name:
                return pipeline
        raise NotFoundError(f"This server has no pipeline '{name}'; it has {', '.join(names) or 'none'}.")

    def combine(
        self,
        name: str,
        catalogues: Iterable[ProductKey],
        *,
        rules: str | Path | None = None,
        description: str = "",
        output_format: str | None = None,
        visibility: str | None = None,
        **parameters: Value,
    ) -> Run:
        """Combine redshift catalogues; the options are those of `Pipeline.run`."""
        about = _about(description, output_format, visibility)
        return self[_COMBINE].run(name, catalogues, rules=rules, parameters=parameters, **about)

    def training_set(
        self,
        name: str,
        redshifts: ProductKey,
        objects: ProductKey | None = None,
        *,
        release: str | None = None,
        description: str = "",
        output_format: str | None = None,
        visibility: str | None = None,
        **parameters: Value,
    ) -> Run:
        """Match redshifts with the objects of a catalogue or release; the options are those of `Pipeline.run`."""
        about = _about(description, output_format, visibility)
        pipeline = self[_TRAINING_SET]
        return pipeline.run(name, redshifts, objects=objects, release=release, parameters=parameters, **about)

    def validate(
        self,
        name: str,
        estimates: ProductKey | Iterable[ProductKey],
        reference: ProductKey,
        *,
        description: str = "",
        output_format: str | None = None,
        visibility: str | None = None,
        **parameters: Value,
    ) -> Run:
        """Validate photo-z estimates with reference redshifts; the options are those of `Pipeline.run`."""
        about = _about(description, output_format, visibility)
        return self[_VALIDATE].run(name, estimates, objects=reference, parameters=parameters, **about)

    def estimate(
        self,
        name: str,
        training: ProductKey,
        objects: ProductKey,
        *,
        description: str = "",
        visibility: str | None = None,
        **parameters: Value,
    ) -> Run:
        """Train a photo-z estimator and estimate objects with magnitudes; the options are those of `Pipeline.run`."""
        about = _about(description, None, visibility)
        return self[_ESTIMATE].run(name, training, objects=objects, parameters=parameters, **about)


class _About(TypedDict):
    description: str
    output_format: str | None
    visibility: str | None


def _about(description: str, output_format: str | None, visibility: str | None) -> _About:
    return {"description": description, "output_format": output_format, "visibility": visibility}


def _listed(inputs: ProductKey | Iterable[ProductKey]) -> list[ProductKey]:
    """Return one product or several as a list."""
    if isinstance(inputs, Product | str | SupportsIndex):
        return [inputs]
    return list(inputs)
