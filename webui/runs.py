"""Runs of pipelines: their input products, and their reports."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.auth.models import Identity
from core.errors import NotFoundError
from pipelines.models import Run
from pipelines.runs.jobs import REPORT
from products.models import Product
from products.search.queries import ProductQuery
from webui.services import WebServices

__all__ = ["input_products", "inputs_of_runs", "report_of", "report_warnings"]


def input_products(services: WebServices, identity: Identity, run: Run) -> Sequence[Product]:
    """Return the inputs of a run that the identity may read."""
    return inputs_of_runs(services, identity, [run])[run.id]


def inputs_of_runs(services: WebServices, identity: Identity, runs: Sequence[Run]) -> Mapping[int, Sequence[Product]]:
    """Return the inputs of each of some runs that the identity may read, by the numbers of the runs; in one query."""
    numbers = {number for run in runs for number in run.inputs}
    found = services.products.service.list(identity, ProductQuery(numbers=tuple(numbers))).products
    products = {product.id: product for product in found}
    return {run.id: [products[number] for number in run.inputs if number in products] for run in runs}


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
