"""Configuration of magnitudes: columns of fluxes, and dereddening."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.photometry.coefficients import EXTINCTION_COEFFICIENTS

__all__ = ["Dereddening", "PhotometryConfiguration"]


class Dereddening(BaseModel):
    """Removal of Galactic extinction: m - R_b * E(B-V)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ebv_column: str = Field(default="ebv", description="Column of E(B-V) in magnitudes.")
    coefficients: str | dict[str, float] = Field(
        default="lsstcam",
        description="R_b = A_b / E(B-V): the name of a set (" + ", ".join(EXTINCTION_COEFFICIENTS) + ") or a mapping "
        "from band to value.",
    )

    @property
    def by_band(self) -> dict[str, float]:
        """The coefficient of each band."""
        if isinstance(self.coefficients, dict):
            return self.coefficients
        return dict(EXTINCTION_COEFFICIENTS[self.coefficients].by_band)

    @property
    def source(self) -> str:
        """Source of the coefficients, for descriptions and provenance."""
        if isinstance(self.coefficients, dict):
            return "given by the user"
        return EXTINCTION_COEFFICIENTS[self.coefficients].source

    @model_validator(mode="after")
    def _refuse_unknown_sets(self) -> Self:
        if isinstance(self.coefficients, str) and self.coefficients not in EXTINCTION_COEFFICIENTS:
            known = ", ".join(EXTINCTION_COEFFICIENTS)
            raise ValueError(f"there is no set of coefficients '{self.coefficients}'; known sets are {known}")
        return self


class PhotometryConfiguration(BaseModel):
    """Magnitudes to be computed; ``{band}`` and ``{flux_type}`` are placeholders in column names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bands: tuple[str, ...] = Field(default=("u", "g", "r", "i", "z", "y"), min_length=1, description="Bands.")
    quantity: Literal["flux", "magnitude"] = Field(
        default="flux", description="What the columns hold. Magnitudes are only dereddened."
    )
    column: str = Field(default="{band}_{flux_type}Flux", description="Column of each band's flux or magnitude.")
    error_column: str | None = Field(
        default="{band}_{flux_type}FluxErr", description="Column of its error; null when there is none."
    )
    unit: Literal["auto", "nJy", "uJy", "mJy", "Jy"] = Field(
        default="auto", description="Unit of the fluxes; auto takes the column's own, or nJy when it has none."
    )
    magnitude_column: str = Field(default="mag_{band}", description="Column of magnitudes to be written.")
    magnitude_error_column: str = Field(default="magerr_{band}", description="Column of their errors to be written.")
    dereddening: Dereddening | None = Field(
        default=None, description="Removal of Galactic extinction; null is what the parameter 'dereddening' requests."
    )
    keep_sources: bool = Field(default=True, description="Whether the columns of fluxes stay in the result.")

    @model_validator(mode="after")
    def _every_choice_has_an_effect(self) -> Self:
        if self.quantity == "magnitude" and self.unit != "auto":
            raise ValueError(f"'unit' is that of fluxes, but 'quantity' is magnitude; leave out '{self.unit}'")
        default = type(self).model_fields["magnitude_error_column"].default
        if self.error_column is None and self.magnitude_error_column != default:
            raise ValueError(f"'magnitude_error_column' is {self.magnitude_error_column}, but 'error_column' is null")
        return self

    @model_validator(mode="after")
    def _names_differ_by_band(self) -> Self:
        names = {"column": self.column, "magnitude_column": self.magnitude_column}
        names["magnitude_error_column"] = self.magnitude_error_column
        if self.error_column is not None:
            names["error_column"] = self.error_column
        for key, template in names.items():
            if "{band}" not in template and len(self.bands) > 1:
                raise ValueError(f"'{key}' must contain {{band}}, which '{template}' does not")
        missing = set(self.bands) - set(self.dereddening.by_band) if self.dereddening else set()
        if missing:
            raise ValueError(f"there is no extinction coefficient for band {', '.join(sorted(missing))}")
        return self
