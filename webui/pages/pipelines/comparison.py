"""Page that compares two runs: parameters, inputs, facts, and charts side by side."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Response

from core.auth.models import Identity
from core.errors import InvalidValueError
from pipelines.models import Run
from pipelines.storage import RunQuery
from products.models import Product
from webui.charts.run_report import ReportView
from webui.pages.pipelines.run import report_view
from webui.pages.pipelines.run_values import input_files
from webui.pages.rendering.templates import PageRenderer
from webui.runs import input_products
from webui.services import WebServices

__all__ = ["ComparedRow", "add_routes", "compared_parameters"]

_MAX_DIGITS = 9
_MOST_OFFERED = 100


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A value of both runs; None where a run has none."""

    name: str
    first: str | None
    second: str | None

    @property
    def differs(self) -> bool:
        """Whether the values differ."""
        return self.first != self.second


@dataclass(frozen=True, slots=True)
class _Side:
    run: Run
    product: Product
    inputs: Sequence[Product]
    files: Sequence[str]
    report: ReportView | None


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page; it stands before that of a run, whose address has a number."""

    @router.get("/runs/compare")
    def compare(first: str = "", second: str = "", identity: Identity = Depends(services.authenticate)) -> Response:
        one, other = (_side(services, identity, number) for number in (first, second))
        return renderer.page(
            "pipelines/comparison.html",
            identity,
            sides=(one, other),
            parameters=compared_parameters(one.run, other.run),
            inputs=_compared_inputs(one, other),
            facts=_compared(_facts(one), _facts(other)),
            pictures=_pictures(one, other),
            runs=services.pipelines.service.list(identity, RunQuery(pipelines=(one.run.pipeline.name,)))[
                :_MOST_OFFERED
            ],
        )


def compared_parameters(one: Run, other: Run) -> tuple[ComparedRow, ...]:
    """Return all parameters of two runs, with the defaults that the present version fills in."""
    return _compared(_parameters(one), _parameters(other))


def _side(services: WebServices, identity: Identity, number: str) -> _Side:
    if not (number.isascii() and number.isdecimal() and len(number) <= _MAX_DIGITS):
        message = f"'{number:.60}' is not the number of a run. Choose two runs to compare."
        raise InvalidValueError(message, field="second")
    run = services.pipelines.service.get(identity, int(number))
    details = services.products.service.details(identity, run.product_id)
    return _Side(
        run,
        details.product,
        input_products(services, identity, run),
        input_files(services, identity, run),
        report_view(services, identity, run, details),
    )


def _parameters(run: Run) -> dict[str, str]:
    given = dict(run.settings.param)
    try:
        values = run.pipeline.parameters.model_validate(given).model_dump(mode="json")
    except ValueError:  # a parameter of an earlier version
        values = given
    own = {"version": run.version, "release": run.settings.release, "output format": run.settings.output_format}
    texts = {name: value for name, value in own.items() if value is not None}
    return {**texts, **dict(_flat(values, "")), **({"rules": run.settings.rules} if run.settings.rules else {})}


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value)


def _facts(side: _Side) -> dict[str, str]:
    return {} if side.report is None else {name: _fact(value) for name, value in side.report.facts}


def _fact(value: str | int) -> str:
    return value if isinstance(value, str) else f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _compared(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[ComparedRow, ...]:
    return tuple(ComparedRow(name, one.get(name), other.get(name)) for name in dict.fromkeys([*one, *other]))


def _compared_inputs(one: _Side, other: _Side) -> tuple[tuple[str, Product | None, bool, bool], ...]:
    """Return each input that the caller may read, with whether each run read it."""
    products = {product.id: product for side in (one, other) for product in side.inputs}
    numbers = [{product.id for product in side.inputs} for side in (one, other)]
    rows = [
        (product.internal_name, product, number in numbers[0], number in numbers[1])
        for number, product in products.items()
    ]
    files = dict.fromkeys([*one.files, *other.files])
    return (*rows, *((uri, None, uri in one.files, uri in other.files) for uri in files))


def _pictures(one: _Side, other: _Side) -> tuple[tuple[str, str, bool, bool], ...]:
    """Return key and title of each chart, with whether each run has it."""
    charts = [dict(side.report.pictures) if side.report is not None else {} for side in (one, other)]
    titles = charts[1] | charts[0]
    return tuple((key, title, key in charts[0], key in charts[1]) for key, title in titles.items())
