"""The command ``photoz validate``: metrics of a file of photo-z estimates against reference redshifts."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.validation.configuration import ValidationParameters

__all__ = ["validate_command"]


def validate_command(
    estimates: Annotated[Path, typer.Argument(help="File of estimates: a qp ensemble, or a table.")],
    reference: Annotated[Path, typer.Argument(help="File with the reference redshifts of the same objects.")],
    point: Annotated[
        str | None, typer.Option(help="Column of the point estimate; or mode, mean or median of the densities.")
    ] = None,
    grid: Annotated[str, typer.Option(help="First and last redshift, and number of points, of the grid.")] = "0,3,301",
    match: Annotated[str, typer.Option(help="How objects are matched: auto, id, position or order.")] = "auto",
    radius: Annotated[float, typer.Option(help="Largest distance of a match by position, in arcseconds.")] = 1.0,
    identifier: Annotated[
        str | None, typer.Option("--id", help="Column of identifiers in both files, if not found.")
    ] = None,
    redshift: Annotated[str | None, typer.Option(help="Column of redshifts in the reference, if not found.")] = None,
    cut: Annotated[
        list[str] | None, typer.Option(help="Condition on columns of the reference; may be given several times.")
    ] = None,
    bootstrap: Annotated[int, typer.Option(help="Resamples for standard errors.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Validate photo-z estimates: print point metrics, CDE loss and PIT statistics, as qp and RAIL define them."""
    import pyarrow as pa

    from pipelines.validation.configuration import ValidationColumns
    from pipelines.validation.files import validate_files

    # Arrow's own memory pool returns large buffers at once and requests new ones.
    pa.set_memory_pool(pa.system_memory_pool())
    param = _parameters(
        point=point, grid=grid, match=match, match_radius_arcsec=radius, cuts=cut or [], bootstrap=bootstrap
    )
    found = validate_files(
        estimates, reference, param,
        estimate_columns=ValidationColumns(id=identifier),
        reference_columns=ValidationColumns(id=identifier, z=redshift),
    )  # fmt: skip
    values: dict[str, object] = {"rows": found.rows}
    values |= {name: value for name, value in found.metrics.items() if math.isfinite(value)}
    if as_json:
        errors = {f"{name}_err": value for name, value in found.errors.items()}
        about = {
            "point": found.point, "matched_by": found.matched_by, "unmatched": found.unmatched,
            "without_density": found.without_density,
        }  # fmt: skip
        typer.echo(json.dumps({**values, **errors, **about}, indent=1))
        return
    for name, value in values.items():
        error = found.errors.get(name)
        typer.echo(f"{name:<22} {value:.10g}" + ("" if error is None else f" ± {error:.2g}"))
    if found.unmatched:
        typer.echo(f"{found.unmatched} estimates have no reference.", err=True)
    if found.without_density:
        typer.echo(f"{found.without_density} objects have no valid density.", err=True)


def _parameters(**values: object) -> "ValidationParameters":
    """Return the parameters, or end with a sentence that names the wrong one."""
    from pydantic import ValidationError

    from pipelines.validation.configuration import ValidationParameters

    try:
        return ValidationParameters.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "options"
        message = f"{name}: {first['msg'].removeprefix('Value error, ')} (found {first['input']!r})."
        raise typer.BadParameter(message) from error
