"""Embargo dates: a product becomes public at its embargo date by itself; before, it is read as its visibility says."""

from datetime import date

from core.database import utc_today
from core.errors import InvalidValueError
from products.models import Visibility
from products.schema import ProductRow
from products.storage import effective_visibility

__all__ = ["end_embargo", "parse_embargo_date", "set_embargo"]


def parse_embargo_date(text: str) -> date | None:
    """Parse an embargo date as forms send it; empty for none.

    Raises
    ------
    InvalidValueError
        It is not a date.
    """
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as e:
        message = f"'{text:.40}' is not a date. Write it as 2027-03-01."
        raise InvalidValueError(message, field="embargo_date") from e


def set_embargo(row: ProductRow, day: date | None) -> None:
    """Set the day at which a product becomes public.

    Raises
    ------
    InvalidValueError
        The day is not after today (UTC), or the product is public already.
    """
    if day is None or day == row.embargo_date:
        return
    if day <= utc_today():
        message = f"The embargo date {day} is not in the future. To publish to everyone now, choose Public."
        raise InvalidValueError(message, field="embargo_date")
    if row.visibility == Visibility.PUBLIC:
        message = f"A public product has no embargo date. Choose who may see the product until {day}."
        raise InvalidValueError(message, field="embargo_date")
    row.embargo_date = day


def end_embargo(row: ProductRow) -> None:
    """Store that a product is public whose embargo date is reached, before its visibility is changed."""
    visibility = effective_visibility(row)
    if visibility != row.visibility:
        row.visibility, row.embargo_date = visibility, None
