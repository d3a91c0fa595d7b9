"""Settings of what works at the scale of surveys: object catalogues in place, and clusters that compute."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from core.settings.folders import FolderSettings

__all__ = ["SurveyScaleSettings"]


class SurveyScaleSettings(FolderSettings):
    """The settings of survey catalogues, of queries on a Spark cluster, and of pipelines on Dask."""

    datasets: Path | None = Field(
        None,
        description="Folder of the object catalogues of releases for the Training Set Maker, in HATS: "
        "{release}/{mag or flux}/{flux type}/{dereddening}/catalog.",
    )
    catalogue_places: tuple[str, ...] = Field(
        (),
        description="Folders and addresses (s3://, https://, http://) below which administrators may register survey "
        "catalogues; the folder of PHOTOZ_DATASETS is one as well.",
    )
    catalogue_query_bytes: int = Field(
        50_000_000_000, ge=0, description="Most bytes that a query may read of a survey catalogue; 0 is no limit."
    )
    spark_remote: str | None = Field(
        None, description="Address of Spark Connect, as sc://host:15002, for large queries of jobs (extra 'spark')."
    )
    spark_results: Path | None = Field(
        None, description="Folder of this server and of the cluster, to which the cluster writes the rows of queries."
    )
    spark_query_bytes: int = Field(
        10**13, ge=0, description="Most bytes of a survey catalogue that a query on the cluster may read; 0: no limit."
    )
    dask_scheduler: str | None = Field(
        None,
        description="Address of a Dask scheduler, such as tcp://host:8786, on whose workers pipelines run; needs the "
        "extra 'dask'. By default they run in the process of their job.",
    )
    dask_cluster: Literal["local", "slurm"] | None = Field(
        None, description="Dask cluster of its own for each run of a pipeline: of processes here, or of Slurm jobs."
    )
    dask_minimum: int = Field(1, ge=1, description="Slurm jobs that must have started before a run goes on.")
    dask_maximum: int = Field(4, ge=1, description="Most workers of such a cluster.")
    dask_memory: str = Field("4GB", pattern=r"^\d+ ?[KMGT]i?B$", description="Memory of each worker.")
    dask_queue: str | None = Field(None, description="Partition of Slurm in which workers run.")
    dask_account: str | None = Field(None, description="Account of Slurm that workers are charged to.")
    dask_walltime: str = Field("01:00:00", description="Time limit of the Slurm job of a worker.")
    combination_rows: int = Field(4_000_000, ge=0, description="Rows of a combination kept in memory, not on disk.")
