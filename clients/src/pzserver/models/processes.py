"""Pipelines and their runs, which the REST API calls processes."""

from dataclasses import dataclass
from datetime import datetime

from pzserver.models.base import Json, Model
from pzserver.models.products import Product

__all__ = ["Pipeline", "Process", "StartedProcess", "UsedConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedConfig(Model):
    """Parameters and output format of a run, or the defaults of a pipeline."""

    param: Json
    output_format: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline(Model):
    """A pipeline, with the defaults and the JSON schema of its parameters."""

    id: int
    name: str
    display_name: str
    version: str
    description: str
    created_at: datetime | None
    system_config: UsedConfig
    parameters: Json
    output_product_type: int
    product_types_accepted: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process(Model):
    """A run of a pipeline."""

    id: int
    release: int | None
    release_name: str | None
    pipeline_name: str
    pipeline_version: str | None
    owned_by: str
    is_owner: bool
    provenance_inputs: tuple[Product, ...]
    used_config: UsedConfig
    display_name: str
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    orchestration_process_id: int
    status: str
    path: str
    comment: str | None
    pipeline: int
    upload: int
    inputs: tuple[int, ...]
    progress: float | None
    message: str | None
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedProcess(Process):
    """A run of a pipeline, with warnings."""

    warnings: tuple[str, ...]
