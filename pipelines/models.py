"""Values of the pipelines, and the protocol `Pipeline`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipelines.crossmatch.objects import ObjectSource
from pipelines.crossmatch.parallel import Runner
from pipelines.declarations import InputSlot, ParameterHint, RulesFile
from pipelines.inputs.catalogue_folders import Address
from pipelines.inputs.configuration import PipelineConfiguration, read_configuration
from pipelines.inputs.lookup import RunInput
from pipelines.inputs.rows import Projection, RowSource
from pipelines.inputs.yaml_documents import read_yaml
from pipelines.outputs import OUTPUT_LABELS
from pipelines.outputs.reports import RunReport
from pipelines.outputs.stored_tables import StoredTable
from products.models import Release, Visibility
from uws import Phase

__all__ = [
    "AnyPipeline",
    "FurtherResult",
    "InputEntry",
    "MadeFile",
    "Pipeline",
    "PipelineResult",
    "Progress",
    "Run",
    "RunInputs",
    "RunRequest",
    "Work",
    "part_of",
]

#: Reports the fraction done and the current step; raises to stop the work.
Progress = Callable[[float, str], None]


class RunRequest(BaseModel):
    """A request for a run of a pipeline."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    display_name: str | None = Field(None, description="Name of the resulting product.")
    description: str = Field("", description="Markdown; by default a description is written.")
    inputs: tuple[str, ...] = Field(
        (),
        description="Redshift catalogues: numbers or internal names of products, and vos: addresses.",
    )
    objects: str | None = Field(
        None, description="Object catalogue: number or internal name of a product, or a vos: address."
    )
    release: str | None = Field(None, description="Release whose object catalogue is used, by name or number.")
    columns: Mapping[str, Mapping[str, str | None]] = Field(
        {},
        description="Columns by meaning that replace the declared ones, by internal name or URI of an input.",
    )
    param: Mapping[str, Any] = Field({}, description="Parameters of the pipeline that differ from their defaults.")
    output_format: str | None = Field(None, description=f"One of {', '.join(sorted(OUTPUT_LABELS))}.")
    visibility: Visibility | None = Field(
        None, description="Who may read the result; private when an input is not open to all registered users."
    )
    rules: str | None = Field(None, description="A flags translation file, as text in YAML.")
    ignored: tuple[str, ...] = Field((), description="Sentences about parameters that were sent and have no effect.")


@dataclass(frozen=True, slots=True)
class RunInputs:
    """Inputs of a run, all readable by its owner.

    Parameters
    ----------
    catalogues
        Inputs of the slot ``inputs``.
    objects
        Input of the slot ``objects``; None when the pipeline has no such slot, or a release is used instead.
    release
        Release of the result.
    release_folder
        Folder or URL of the object catalogues of that release, if they are used.
    """

    catalogues: tuple[RunInput, ...]
    objects: RunInput | None = None
    release: Release | None = None
    release_folder: Address | None = None

    @property
    def all(self) -> tuple[RunInput, ...]:
        """All inputs except the catalogue of a release."""
        return self.catalogues if self.objects is None else (*self.catalogues, self.objects)

    @property
    def catalogue_list(self) -> str:
        """The catalogues as a list in Markdown."""
        return "\n".join(f"- {each.label} (`{each.name}`)" for each in self.catalogues)


@dataclass(frozen=True, slots=True)
class FurtherResult:
    """A file that becomes a product of its own, published together with the result, which is made of it.

    Parameters
    ----------
    product_type
        Name of its product type.
    suffix
        What the name of the product has after that of the result.
    path
        The file, in the scratch folder of the run.
    description
        Markdown.
    facts
        What this server has to know of the file when it is used later, as JSON; it has its ``sha256``.
    meanings
        Column of each meaning, if the file is a table.
    """

    product_type: str
    suffix: str
    path: Path
    description: str
    facts: Mapping[str, Any]
    meanings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MadeFile:
    """The file of an input that a run of this server made, with what was recorded of it then."""

    path: Path
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PipelineResult:
    """The result of a pipeline.

    Parameters
    ----------
    table
        The rows of the result, in memory or in a file in the scratch folder of the work.
    report
        Content of ``report.json``, the input of `Pipeline.report`.
    meanings
        Column of each meaning (``ra``, ``z`` …).
    warnings
        Warnings for the owner, one sentence each.
    configuration
        The configuration with all that was decided in the run, such as a seed that was drawn, so that the same run can
        be made again; by default the one of the run.
    rules
        Text of the rules that were applied, if the pipeline has any.
    documents
        Further files of the result by name, such as tables and figures.
    further
        A file that becomes a product of its own.
    """

    table: pa.Table | StoredTable
    report: BaseModel
    meanings: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    configuration: PipelineConfiguration | None = None
    rules: str | None = None
    documents: Mapping[str, bytes] = field(default_factory=dict)
    further: FurtherResult | None = None

    @property
    def position(self) -> tuple[str, str] | None:
        """The columns of right ascension and declination, if the rows have positions."""
        if not {"ra", "dec"} <= self.meanings.keys():
            return None
        return self.meanings["ra"], self.meanings["dec"]


class InputEntry(Protocol):
    """An entry of a configuration that names an input."""

    @property
    def path(self) -> str:
        """Path relative to the configuration file; not used on the server."""

    @property
    def internal_name(self) -> str | None:
        """Name of the product."""


ConfigurationT = TypeVar("ConfigurationT", bound=PipelineConfiguration)
_ConfigurationT_co = TypeVar("_ConfigurationT_co", bound=PipelineConfiguration, covariant=True)


class Work(Protocol[_ConfigurationT_co]):
    """Protocol of the environment of a running pipeline: configuration, inputs, engine, progress."""

    @property
    def configuration(self) -> _ConfigurationT_co:
        """The configuration of the run."""

    @property
    def estimators(self) -> Path | None:
        """Folder of the environment of RAIL; None if the run cannot use it."""

    def read(self, entry: InputEntry, projection: Projection = list) -> pa.Table:
        """Read the rows of an input; the projection chooses its columns."""

    def open_rows(self, entry: InputEntry) -> AbstractContextManager[RowSource]:
        """Open an input whose rows are read in batches, for tables that do not fit into memory."""

    def made_file(self, entry: InputEntry) -> MadeFile | None:
        """Return the file of an input if a run of this server made it and it is still the same; else None."""

    def read_rules(self, name: str) -> str | bytes:
        """Read the rules file of the configuration."""

    def open_objects(
        self, entry: InputEntry, catalogue_in: Callable[[Address], Address], progress: Progress
    ) -> ObjectSource:
        """Open the object catalogue.

        Parameters
        ----------
        catalogue_in
            Returns the catalogue in the folder of a release; returns the address of any other catalogue unchanged.
        """

    @property
    def scratch(self) -> Path:
        """Folder for rows that do not fit into memory; it is removed after the result was written."""

    @property
    def runner(self) -> Runner:
        """What runs parts of the work: threads, or the workers of a cluster."""

    @property
    def rows_in_memory(self) -> int:
        """Most rows of a table that are held in memory while the work can also be done on disk."""

    def progress(self, fraction: float, step: str) -> None:
        """Report the fraction done, from 0 to 1, and the current step; raises when the run was aborted."""


class Pipeline(ABC, Generic[ConfigurationT]):
    """Base class of pipelines: names, inputs and parameters, and the computation.

    Attributes
    ----------
    id
        Number in the REST API; never given to another pipeline.
    name
        Name in URLs, as a kind of job, and on the command line.
    product_type
        Name of the product type of its result.
    further_type
        Name of the product type of what it may make beside its result (`FurtherResult`).
    parameters
        Model of its parameters, which have descriptions, bounds and defaults; ``param`` of its configuration.
    inputs, objects
        Slots of the parameter INPUTS, and of OBJECTS or RELEASE.
    rules
        File of the parameter RULES; None if there is none.
    form
        Hints for the form by the name of a parameter, with dots inside nested ones.
    without_effect
        Parameters that clients of the public server send and that server ignores, with the reason; with dots likewise.
    """

    id: int
    name: str
    display_name: str
    description: str
    version: str = metadata.version("photoz-server")
    product_type: str
    further_type: str | None = None
    configuration: type[ConfigurationT]
    parameters: type[BaseModel]
    inputs: InputSlot
    objects: InputSlot | None = None
    rules: RulesFile | None = None
    form: Mapping[str, ParameterHint] = {}
    without_effect: Mapping[str, str] = {}

    def load(self, path: Path) -> ConfigurationT:
        """Read a configuration file; raises InvalidValueError."""
        return read_configuration(self.configuration, path.read_bytes(), path.name)

    def check_rules(self, text: str) -> None:
        """Check a rules file; raises InvalidValueError. A pipeline without rules checks only that it is YAML."""
        read_yaml(text, "RULES" if self.rules is None else self.rules.name)

    @abstractmethod
    def configure(self, request: RunRequest, inputs: RunInputs) -> ConfigurationT:
        """Return the configuration of a run on the server.

        Raises
        ------
        InvalidValueError
            The inputs do not match the request. Columns of files are not known before they are read.
        """

    @abstractmethod
    def run(self, work: Work[ConfigurationT]) -> PipelineResult:
        """Compute the result, without side effects.

        Raises
        ------
        PhotozError
            The inputs cannot be used; the message becomes the error of the job.
        """

    def foreseen_warnings(self, configuration: ConfigurationT, inputs: RunInputs) -> tuple[str, ...]:  # noqa: ARG002 - for overriding
        """Return the warnings of a run that are known before it, from the columns of its inputs."""
        return ()

    @abstractmethod
    def describe(self, configuration: ConfigurationT, inputs: RunInputs) -> str:
        """Describe the result in Markdown, for requests without a description."""

    @abstractmethod
    def report(self, values: Mapping[str, Any]) -> RunReport:
        """Return the report for the page, from the JSON of `PipelineResult.report`."""


#: A pipeline with any class of configuration.
AnyPipeline: TypeAlias = Pipeline[Any]


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a pipeline, in its present state.

    Parameters
    ----------
    product_id
        Id of the resulting product.
    inputs
        Ids of the products that it reads.
    settings
        The checked request.
    error
        Message of a failed run.
    """

    id: int
    pipeline: AnyPipeline
    version: str
    display_name: str
    owner_id: int
    owner: str
    product_id: int
    job_id: str
    release_id: int | None
    inputs: tuple[int, ...]
    settings: RunRequest
    phase: Phase
    error: str | None
    progress: float
    message: str
    created: datetime
    started: datetime | None
    ended: datetime | None


def part_of(progress: Progress, begin: float, end: float) -> Progress:
    """Return a progress function for one part of the work, from 0 to 1."""
    return lambda fraction, step: progress(begin + fraction * (end - begin), step)
