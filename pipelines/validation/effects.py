"""Warnings about parameters that differ from their defaults and have no effect."""

from collections.abc import Iterator

from pipelines.validation.configuration import ValidationParameters
from pipelines.validation.report import EstimatesReport, ValidationReport

__all__ = ["warnings_of"]

_DEFAULTS = ValidationParameters()


def warnings_of(report: ValidationReport, param: ValidationParameters) -> tuple[str, ...]:
    """Return what an astronomer should know of a report, a sentence each."""
    found = [sentence for each in report.estimates for sentence in _of_estimates(each, report.reference_objects)]
    return (*found, *(f"'{name}' has no effect: {reason}." for name, reason in _without_effect(report, param)))


def _of_estimates(each: EstimatesReport, selected: int) -> Iterator[str]:
    if each.rows > each.matched:
        yield f"{each.rows - each.matched} of {each.rows} objects of {each.label} have no reference."
    if each.objects < selected and not any(each.left_out.values()):
        yield f"{selected - each.objects} objects of the reference have no estimate in {each.label}."
    if each.without_density:
        yield (
            f"{each.without_density} objects of {each.label} have no valid density; metrics of densities leave them "
            "out."
        )
    if each.without_point:
        yield f"{each.without_point} objects of {each.label} have no point estimate."
    if each.form is None:
        yield f"{each.label} has no densities; it has metrics of point estimates alone."


def _without_effect(report: ValidationReport, param: ValidationParameters) -> Iterator[tuple[str, str]]:
    changed = {name for name in ValidationParameters.model_fields if getattr(param, name) != getattr(_DEFAULTS, name)}
    if "match_radius_arcsec" in changed and all(each.matched_by != "position" for each in report.estimates):
        yield "match_radius_arcsec", "objects are not matched by position"
    if "random_seed" in changed and not param.bootstrap:
        yield "random_seed", "bootstrap is 0"
    if "magnitude_edges" in changed and report.magnitude is None:
        yield "magnitude_edges", "the reference has no magnitudes; name the column as 'magnitude'"
    for name in sorted({"pit_bins", "tomographic_edges"} & changed):
        if all(each.form is None for each in report.estimates):
            yield name, "there are no densities"
