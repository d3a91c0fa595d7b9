"""Values of this package, and the protocol that each pipeline implements."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipelines.crossmatch import Pairs, SkyPositions
from pipelines.crossmatch.objects import ObjectSource
from pipelines.declarations import InputSlot, ParameterHint, RulesFile
from pipelines.inputs.configuration import PipelineConfiguration, read_configuration
from pipelines.inputs.lookup import RunInput
from pipelines.inputs.reading import Projection
from pipelines.outputs import OUTPUT_LABELS
from pipelines.reports import RunReport
from pipelines.yaml_documents import read_yaml
from products.models import Release, Visibility
from uws import Phase

__all__ = [
    "AnyPipeline",
    "InputEntry",
    "Pipeline",
    "PipelineResult",
    "Progress",
    "Run",
    "RunInputs",
    "RunRequest",
    "Work",
    "part_of",
]

#: Takes the fraction that is done and the step that begins; raises to stop the work.
Progress = Callable[[float, str], None]


class RunRequest(BaseModel):
    """What a user asks of a pipeline."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    display_name: str | None = Field(None, description="Name of the product that will be made.")
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
        description="For inputs whose columns mean something else here: internal name or address to meaning to column.",
    )
    param: Mapping[str, Any] = Field({}, description="Parameters of the pipeline that are not to be as by default.")
    output_format: str | None = Field(None, description=f"One of {', '.join(sorted(OUTPUT_LABELS))}.")
    visibility: Visibility | None = Field(
        None, description="Who may read the result; private when an input is not open to all registered users."
    )
    rules: str | None = Field(None, description="A flags translation file, as text in YAML.")


@dataclass(frozen=True, slots=True)
class RunInputs:
    """Inputs of a run, found and open to its owner.

    Parameters
    ----------
    catalogues
        Those of the slot ``inputs``.
    objects
        That of the slot ``objects``; none when the pipeline has no such slot, or a release stands in.
    release
        The release that the result belongs to.
    release_folder
        Folder of the object catalogues of that release, where they are read.
    """

    catalogues: tuple[RunInput, ...]
    objects: RunInput | None = None
    release: Release | None = None
    release_folder: Path | None = None

    @property
    def all(self) -> tuple[RunInput, ...]:
        """All that the run reads, but for the catalogue of a release."""
        return self.catalogues if self.objects is None else (*self.catalogues, self.objects)

    @property
    def catalogue_list(self) -> str:
        """The catalogues as a list in Markdown."""
        return "\n".join(f"- {each.label} (`{each.name}`)" for each in self.catalogues)


@dataclass(frozen=True, slots=True)
class PipelineResult:
    """What a pipeline makes.

    Parameters
    ----------
    report
        Becomes ``report.json``, from which `Pipeline.report` reads it again.
    meanings
        Meaning (``ra``, ``z`` …) to the column that has it.
    warnings
        What an astronomer should look at, a sentence each.
    """

    table: pa.Table
    report: BaseModel
    meanings: Mapping[str, str]
    warnings: tuple[str, ...] = ()

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
        """The file, relative to the configuration file; not looked at on the server."""

    @property
    def internal_name(self) -> str | None:
        """Name of the product."""


ConfigurationT = TypeVar("ConfigurationT", bound=PipelineConfiguration)
_ConfigurationT_co = TypeVar("_ConfigurationT_co", bound=PipelineConfiguration, covariant=True)


class Work(Protocol[_ConfigurationT_co]):
    """What a running pipeline is given: its configuration, its inputs, an engine, and whom to report progress to."""

    @property
    def configuration(self) -> _ConfigurationT_co:
        """The configuration of the run."""

    def read(self, entry: InputEntry, projection: Projection = list) -> pa.Table:
        """Read the rows of an input; the projection chooses its columns."""

    def read_rules(self, name: str) -> str | bytes:
        """Read the file of rules that the configuration names."""

    def open_objects(self, entry: InputEntry, catalogue_in: Callable[[Path], Path], progress: Progress) -> ObjectSource:
        """Open the object catalogue.

        Parameters
        ----------
        catalogue_in
            Finds the catalogue in the folder of a release; gives the path of any other catalogue as it is.
        """

    def find_pairs(self, positions: SkyPositions, radius_arcsec: float) -> Pairs:
        """Find all pairs of rows closer than the radius, each once."""

    def progress(self, fraction: float, step: str) -> None:
        """Report what is done, from 0 to 1, and the step that begins; raises when the run was aborted."""


class Pipeline(ABC, Generic[ConfigurationT]):
    """A pipeline that can be run: its names, inputs and parameters, and what it does with them.

    Attributes
    ----------
    id
        Number in the REST API; never given to another pipeline.
    name
        Name in URLs, of its kind of job, and on the command line.
    product_type
        Name of the product type of its result.
    parameters
        Model of its parameters, which have descriptions, bounds and defaults; ``param`` of its configuration.
    inputs, objects
        The slots that INPUTS, and OBJECTS or RELEASE, fill.
    rules
        The file that RULES gives; none when it takes none.
    form
        Hints for the form by the name of a parameter, with dots inside nested ones.
    """

    id: int
    name: str
    display_name: str
    description: str
    version: str = metadata.version("photoz-server")
    product_type: str
    configuration: type[ConfigurationT]
    parameters: type[BaseModel]
    inputs: InputSlot
    objects: InputSlot | None = None
    rules: RulesFile | None = None
    form: Mapping[str, ParameterHint] = {}

    def load(self, path: Path) -> ConfigurationT:
        """Read a configuration file; raises InvalidValueError."""
        return read_configuration(self.configuration, path.read_bytes(), path.name)

    def check_rules(self, text: str) -> None:
        """Check a file of rules; raises InvalidValueError. A pipeline that takes none leaves it unread."""
        read_yaml(text, "RULES" if self.rules is None else self.rules.name)

    @abstractmethod
    def configure(self, request: RunRequest, inputs: RunInputs) -> ConfigurationT:
        """Return the configuration of a run on the server.

        Raises
        ------
        InvalidValueError
            The inputs do not fit the request. Columns of inputs that nobody read yet are not known.
        """

    @abstractmethod
    def run(self, work: Work[ConfigurationT]) -> PipelineResult:
        """Make the result; killed at any moment, it leaves nothing behind.

        Raises
        ------
        PhotozError
            The inputs cannot be used; the sentence becomes the error of the job.
        """

    @abstractmethod
    def describe(self, configuration: ConfigurationT, inputs: RunInputs) -> str:
        """Describe the result in Markdown, for owners who give no description."""

    @abstractmethod
    def report(self, values: Mapping[str, Any]) -> RunReport:
        """Prepare a report for its page, from the JSON of `PipelineResult.report`."""


#: A pipeline of whichever configuration, which it alone knows.
AnyPipeline: TypeAlias = Pipeline[Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a pipeline, as it is now.

    Parameters
    ----------
    product_id
        The product that it makes.
    inputs
        Numbers of the products that it reads.
    settings
        The request, as it was checked.
    error
        A sentence, when it failed.
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
    """Return the progress of one part of the work, from 0 to 1."""
    return lambda fraction, step: progress(begin + fraction * (end - begin), step)
