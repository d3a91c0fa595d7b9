"""Page of the densities of single objects of a product, and of its point estimates against reference redshifts."""

import base64
from dataclasses import dataclass

import numpy as np
from fastapi import APIRouter, Depends, Request, Response

from core.auth.models import Identity
from core.errors import InvalidValueError, NotFoundError
from products.rows.matched_redshifts import RedshiftColumns, matched_redshifts
from products.rows.selected_densities import SelectedDensities, select_densities
from products.service import ProductDetails
from webui.addresses import product_address, product_key
from webui.charts.comparison import redshift_comparison
from webui.pages.forms import see_other
from webui.pages.products.density_plots import density_columns, density_plot
from webui.pages.products.product_view import identifier_column
from webui.pages.rendering.templates import PageRenderer
from webui.services import WebServices

__all__ = ["add_routes"]

_MOST_OBJECTS = 6
_LONGEST = 1000
_MOST_ROWS = 2_000_000
_PERCENTAGES = (2.5, 16.0, 50.0, 84.0, 97.5)


@dataclass(frozen=True, slots=True)
class _Object:
    """An object in the table below the plot: its identifier, point estimate, quantiles and odds."""

    identifier: str
    point: float | None
    quantiles: tuple[float | None, ...]
    odds: float | None


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Point estimates against the redshifts of another product.

    Parameters
    ----------
    picture
        Address of the chart, which has it as data: a document of its own may bring the style of its dark theme along.
    """

    display_name: str
    internal_name: str
    objects: int
    picture: str


@dataclass(frozen=True, slots=True)
class _Selection:
    """What a visitor asked for: identifiers, or a cone with its texts."""

    text: str
    identifiers: tuple[str, ...]
    cone: tuple[float, float, float] | None
    cone_texts: tuple[str, str, str]


def add_routes(router: APIRouter, services: WebServices, renderer: PageRenderer) -> None:
    """Add the page."""

    @router.get("/product/{name}/densities")
    def densities(name: str, request: Request, identity: Identity = Depends(services.authenticate)) -> Response:
        details = services.products.service.details(identity, product_key(name))
        columns = density_columns(details)
        if columns is None or details.table is None:
            return see_other(product_address(details.product.internal_name))
        wanted, errors = _Selection("", (), None, ("", "", "")), []
        comparison = None
        try:
            wanted = _selection(request)
        except InvalidValueError as e:
            errors.append(e.message)
        try:
            comparison = _comparison(services, identity, details, request.query_params.get("reference", "").strip())
        except (InvalidValueError, NotFoundError) as e:
            errors.append(e.message)
        with services.products.rows.hold(details.table.stored_id) as held:
            selected = select_densities(
                held.path, columns, identifiers=wanted.identifiers, cone=wanted.cone, most=_MOST_OBJECTS
            )
        return renderer.page(
            "products/densities.html",
            identity,
            status=400 if errors else 200,
            details=details,
            wanted=wanted,
            columns=columns,
            plot=density_plot(selected),
            objects=_objects(selected),
            found=selected.found,
            percentages=_PERCENTAGES,
            errors=errors,
            comparison=comparison,
            reference=request.query_params.get("reference", "").strip()[:_LONGEST],
        )


def _comparison(services: WebServices, identity: Identity, details: ProductDetails, name: str) -> _Comparison | None:
    """Return the comparison with the redshifts of another product, or None if none is named.

    Raises
    ------
    NotFoundError
        The other product does not exist, or the identity may not read it.
    InvalidValueError
        One of the products has no identifiers or no redshifts, or they share no object.
    """
    if not name:
        return None
    other = services.products.service.details(identity, product_key(name))
    estimates, redshifts = matched_redshifts(_redshifts(services, details), _redshifts(services, other))
    if not len(estimates):
        raise InvalidValueError(
            f"'{name}' has none of the identifiers of this product, or no redshift for any of them; name another one."
        )
    picture = base64.b64encode(redshift_comparison(estimates, redshifts).svg()).decode()
    return _Comparison(
        other.product.display_name,
        other.product.internal_name,
        len(estimates),
        f"data:image/svg+xml;base64,{picture}",
    )


def _redshifts(services: WebServices, details: ProductDetails) -> RedshiftColumns:
    identifier, table, name = identifier_column(details), details.table, details.product.internal_name
    if table is None or table.z is None or identifier is None:
        raise InvalidValueError(f"'{name}' has no column of redshifts or of identifiers; name another product.")
    if table.rows > _MOST_ROWS:
        raise InvalidValueError(f"'{name}' has more than {_MOST_ROWS:,} rows; validate its estimates by the pipeline.")
    return RedshiftColumns(services.products.rows.hold(table.stored_id), identifier, table.z)


def _selection(request: Request) -> _Selection:
    """Return what the query string asks for, or raise InvalidValueError."""
    text = request.query_params.get("id", "")[:_LONGEST]
    texts = [request.query_params.get(key, "")[:_LONGEST].strip() for key in ("ra", "dec", "radius")]
    identifiers = tuple(word for word in text.replace(",", " ").split() if word)
    cone = None
    if any(texts) and not identifiers:
        try:
            ra, dec, radius = (float(value) for value in texts)
        except ValueError as e:
            raise InvalidValueError("A cone needs right ascension, declination and radius, in degrees.") from e
        if not (0 <= ra <= 360 and -90 <= dec <= 90 and 0 < radius <= 180):
            raise InvalidValueError(
                "The cone is not on the sky: right ascension is from 0 to 360, declination from -90 to 90, and the "
                "radius up to 180 degrees."
            )
        cone = (ra, dec, radius)
    return _Selection(text, identifiers, cone, (texts[0], texts[1], texts[2]))


def _objects(selected: SelectedDensities) -> list[_Object]:
    densities = selected.densities
    quantiles = np.stack([densities.quantile(percent / 100) for percent in _PERCENTAGES], axis=1)
    return [
        _Object(label, _number(point), tuple(map(_number, row)), _number(odds))
        for label, point, row, odds in zip(
            selected.identifiers, selected.points, quantiles, densities.odds(), strict=True
        )
    ]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
