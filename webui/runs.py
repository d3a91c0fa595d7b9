"""Runs of pipelines: their input products, and their reports."""

import json
from collections.abc import Sequence
from typing import Any

from core.auth.models import Identity
from core.errors import NotFoundError
from pipelines.models import Run
from pipelines.runs.jobs import REPORT
from products.models import Product
from webui.services import WebServices

__all__ = ["input_products", "report_of", "report_warnings"]


def input_products(services: WebServices, identity: Identity, run: Run) -> Sequence[Product]:
    """Return the inputs of a run that the identity may read."""
    found = []
    for number in run.inputs:
        try:
            found.append(services.products.service.get(identity, number))
        except NotFoundError:
            continue
    return found


def report_of(services: WebServices, identity: Identity, product_id: int) -> dict[str, Any]:
    """Return the report of the run that made a product.

    Raises
    ------
    NotFoundError
        The product has no report, or the identity may not read it.
    """
    text = b"".join(services.products.downloads.file(identity, product_id, REPORT).read())
    return json.loads(text)  # type: ignore[no-any-return]  # our own JSON


def report_warnings(services: WebServices, identity: Identity, run: Run) -> list[str]:
    """Return the warnings of a run that has a report which the identity may read."""
    try:
        return list(run.pipeline.report(report_of(services, identity, run.product_id)).warnings)
    except NotFoundError:
        return []
