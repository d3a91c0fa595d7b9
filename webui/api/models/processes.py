"""Models of pipelines and their runs, which the REST API calls processes."""

from pydantic import Field

from webui.api.models.base import Instant, Json, Response
from webui.api.models.products import ProcessStatus, Product

__all__ = [
    "LogText",
    "Pipeline",
    "Process",
    "ProcessConfig",
    "ProcessLogs",
    "ProcessReport",
    "StartedProcess",
    "UsedConfig",
]


class UsedConfig(Response):
    """Parameters and output format of a run, or the defaults of a pipeline."""

    param: Json
    output_format: str | None


class Pipeline(Response):
    """A pipeline, with the defaults and the JSON schema of its parameters."""

    id: int
    name: str
    display_name: str
    version: str
    description: str
    created_at: Instant | None
    system_config: UsedConfig
    parameters: Json = Field(description="JSON schema of the parameters.")
    output_product_type: int
    product_types_accepted: list[int]


class Process(Response):
    """A run of a pipeline."""

    id: int
    release: int | None
    release_name: str | None
    pipeline_name: str
    pipeline_version: str | None
    owned_by: str
    is_owner: bool
    provenance_inputs: list[Product]
    used_config: UsedConfig
    display_name: str
    created_at: Instant | None
    started_at: Instant | None
    ended_at: Instant | None
    orchestration_process_id: int
    status: ProcessStatus
    path: str
    comment: str | None = Field(description="Error of a run that failed.")
    pipeline: int
    upload: int = Field(description="Id of the resulting product.")
    inputs: list[int]
    progress: float | None
    message: str | None
    job: str = Field(description="Address of the UWS job.")


class StartedProcess(Process):
    """A run of a pipeline, with warnings."""

    warnings: list[str]


class LogText(Response):
    """The text of a log, and the names of the files that today's server has for it."""

    filename: list[str]
    content: str


class ProcessLogs(Response):
    """The logs of a run."""

    pipeline: LogText
    slurm: LogText


class ReportPicture(Response):
    """A chart of the report of a run."""

    title: str
    url: str
    media_type: str


class ProcessReport(Response, extra="allow"):
    """The report of a run, whose keys are those of its pipeline, with links to its charts."""

    pictures: list[ReportPicture]


class ProcessConfig(Response):
    """The configuration of the pipeline that made a product; empty for an upload."""

    config: Json | None = None
    flag_translation: Json | None = None
