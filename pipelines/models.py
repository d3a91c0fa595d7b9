"""What we talk about: pipelines, what a user asks of one, and its runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pipelines.outputs import OUTPUT_LABELS
from products.models import Visibility
from uws import Phase

__all__ = ["Pipeline", "Run", "RunRequest"]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline that can be run.

    Parameters
    ----------
    name
        Its name in addresses, and the name of its kind of job.
    accepts, makes
        Names of the product types of its redshift catalogues, and of its result.
    parameters
        The model of its parameters.
    has_objects
        Whether it needs an object catalogue beside redshift catalogues.
    """

    id: int
    name: str
    display_name: str
    version: str
    description: str
    accepts: tuple[str, ...]
    makes: str
    parameters: type[BaseModel]
    has_objects: bool = False


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
    pipeline: Pipeline
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
