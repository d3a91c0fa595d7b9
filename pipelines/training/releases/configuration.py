"""Configuration of the preparation of a release."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.inputs.configuration import read_model
from pipelines.photometry import Dereddening, PhotometryConfiguration

__all__ = ["Dust", "InvalidValues", "Partitions", "ReleaseConfiguration", "load_release"]

_MODEL = ConfigDict(extra="forbid", frozen=True)


class Dust(BaseModel):
    """Map of Galactic reddening."""

    model_config = _MODEL

    kind: Literal["sfd", "planck", "none"] = Field(
        "none", description="sfd (Schlegel, Finkbeiner and Davis 1998), planck (any HEALPix map), or none."
    )
    path: str = Field("", description="Folder with the two files of sfd, or file of the HEALPix map.")
    column: str = Field("EBV", description="Column of a HEALPix map.")
    scale: float = Field(1.0, gt=0, description="E(B-V) for one unit of that column; 1.49e4 for tau353.")
    coefficients: str | dict[str, float] = Field("lsstcam", description="Coefficients R_b, as in 'photometry'.")
    keep: bool = Field(default=False, description="Whether E(B-V) stays in the catalogue, as the column ebv.")

    @model_validator(mode="after")
    def _has_path(self) -> Self:
        if self.kind != "none" and not self.path:
            raise ValueError(f"'dust.path' must name the files of the map '{self.kind}'")
        return self


class InvalidValues(BaseModel):
    """Values that are no measurements."""

    model_config = _MODEL

    limit: float | None = Field(None, gt=0, description="Magnitudes and errors from here on are invalid, by size.")
    replacement: float | None = Field(None, description="Value of invalid magnitudes and errors; null is missing.")


class Partitions(BaseModel):
    """Partitions of the HATS catalogue."""

    model_config = _MODEL

    rows: int = Field(1_000_000, ge=1, description="Most rows of a partition.")
    highest_order: int = Field(10, ge=0, le=18, description="Order of the smallest partitions.")
    margin_arcsec: float = Field(5.0, gt=0, description="Width of the margin cache, in arcseconds.")
    index: bool = Field(default=True, description="Whether the identifier is indexed.")


class ReleaseConfiguration(BaseModel):
    """The configuration file of a preparation."""

    model_config = _MODEL

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="Name of the release, which is that of its folder.")
    inputs: tuple[str, ...] = Field(min_length=1, description="Files of objects; * and ** are wildcards.")
    id: str = Field("objectId", description="Column of the identifier.")
    ra: str = Field("coord_ra", description="Column of the right ascension in degrees.")
    dec: str = Field("coord_dec", description="Column of the declination in degrees.")
    columns: dict[str, str] = Field({}, description="Further columns of the catalogue: name: column of the files.")
    filters: tuple[str, ...] = Field((), description="Conditions on the columns of the files; all must hold.")
    cuts: tuple[str, ...] = Field((), description="Conditions on the columns of the catalogue, such as 'mag_i < 26'.")
    flux_type: str = Field("cModel", pattern=r"^\w+$", description="Type of the fluxes, such as cModel.")
    photometry: PhotometryConfiguration = Field(
        PhotometryConfiguration(), description="Columns of fluxes and of magnitudes."
    )
    keep_fluxes: bool = Field(default=False, description="Whether the columns of fluxes stay in the catalogue.")
    dust: Dust = Field(Dust(), description="Dereddening.")
    invalid: InvalidValues = Field(InvalidValues(), description="Invalid magnitudes.")
    partitions: Partitions = Field(Partitions(), description="Partitions of the result.")

    @model_validator(mode="after")
    def _dust_is_that_of_the_map(self) -> Self:
        if self.photometry.dereddening is not None:
            raise ValueError("dereddening is configured by 'dust'; leave out 'photometry.dereddening'")
        if "keep_sources" in self.photometry.model_fields_set:
            raise ValueError("whether fluxes stay is configured by 'keep_fluxes'; leave out 'photometry.keep_sources'")
        missing = set(self.photometry.bands) - set(self.dereddening().by_band)
        if self.dust.kind != "none" and missing:
            raise ValueError(f"there is no extinction coefficient for band {', '.join(sorted(missing))}")
        return self

    def dereddening(self) -> Dereddening:
        """Return how magnitudes are dereddened."""
        return Dereddening(ebv_column="ebv", coefficients=self.dust.coefficients)

    @property
    def place(self) -> str:
        """Folder of the catalogue in the folder of releases, where the Training Set Maker looks for it."""
        return f"{self.name}/mag/{self.flux_type}/{self.dust.kind}"


def load_release(path: Path) -> ReleaseConfiguration:
    """Read a configuration file.

    Raises
    ------
    InvalidValueError
        The text is not YAML, or has an unknown key or an invalid value.
    """
    return read_model(ReleaseConfiguration, path.read_bytes(), path.name)
