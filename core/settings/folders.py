"""The data folder of a server: the folders in it, as properties of the settings."""

from functools import cached_property
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

__all__ = ["FolderSettings"]


class FolderSettings(BaseSettings):
    """The setting of the data folder, and the folders in it.

    `server.data_folder` lists what each of them holds, and whether a backup has it.
    """

    data: Path = Field(
        Path("data"), description="Folder of everything the server keeps: files, tables, SQLite database."
    )

    @cached_property
    def files_folder(self) -> Path:
        """Folder of the files that users sent, named by random ids."""
        return self.data / "files"

    @cached_property
    def tables_folder(self) -> Path:
        """Folder of the Parquet files derived from them, which the query engine reads."""
        return self.data / "tables"

    @cached_property
    def results_folder(self) -> Path:
        """Folder of the results of jobs, by the ids of the jobs."""
        return self.data / "results"

    @cached_property
    def user_tables_folder(self) -> Path:
        """Folder of the Parquet files with the rows of tables that users made."""
        return self.data / "user_tables"

    @cached_property
    def catalogues_folder(self) -> Path:
        """Folder of the lists of partitions of survey catalogues."""
        return self.data / "catalogues"

    @cached_property
    def catalogue_copies_folder(self) -> Path:
        """Folder of cached columns of partitions of remote survey catalogues."""
        return self.data / "catalogue_copies"

    @cached_property
    def metadata_folder(self) -> Path:
        """Folder of cached rows of metadata tables that everybody may read."""
        return self.data / "metadata"

    @cached_property
    def uploads_folder(self) -> Path:
        """Folder of the tables that came with queries, until their queries have ended."""
        return self.data / "uploads"

    @cached_property
    def scratch_folder(self) -> Path:
        """Folder of temporary files of running jobs and queries; on the same file system as the results."""
        return self.data / "scratch"

    @cached_property
    def estimators_folder(self) -> Path:
        """Folder of the environment with the estimators of RAIL, if they are installed."""
        return self.data / "estimators"

    @cached_property
    def copies_folder(self) -> Path:
        """Folder of cached copies of files in an object store, for code that needs local files."""
        return self.data / "copies"

    @cached_property
    def row_copies_folder(self) -> Path:
        """Folder of cached copies of rows and results in an object store."""
        return self.data / "row_copies"

    @cached_property
    def hats_folder(self) -> Path:
        """Folder of cached partitions of the HATS catalogues of tables."""
        return self.data / "hats"

    @cached_property
    def staging_folder(self) -> Path:
        """Folder of staged files; on the same file system as the files and the tables."""
        return self.data / "staging"
