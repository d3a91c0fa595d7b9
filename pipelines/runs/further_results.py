"""Further products of runs: what a pipeline makes beside its result, with the activity that made it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.inputs.lookup import RunInput
from pipelines.inputs.made_files import MADE_FILE
from pipelines.models import PipelineResult, Run
from pipelines.runs.provenance import activity_of
from products.provenance.further_products import FurtherProduct

__all__ = ["further_product"]


def further_product(
    run: Run,
    made: PipelineResult,
    catalogues: Sequence[RunInput],
    configuration: Mapping[str, Any],
    steps: Sequence[tuple[str, float]],
    started: datetime,
) -> FurtherProduct | None:
    """Return the further product of a run, if its pipeline made one.

    Parameters
    ----------
    catalogues
        The inputs of the slot ``inputs``, of which it is made; the result is made of all inputs, and of it.
    """
    further = made.further
    if further is None:
        return None
    recorded = {**configuration, MADE_FILE: dict(further.facts)}
    activity = activity_of(run, catalogues, recorded, steps, started, None)
    return FurtherProduct(
        further.product_type, further.suffix, further.description, further.path, activity, further.meanings
    )
