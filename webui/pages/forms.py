"""HTML forms: parse their fields, validate, and render a form again with its error."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from core.errors import ConflictError, InvalidValueError, PhotozError, TooLargeError

__all__ = ["FormState", "InvalidFieldsError", "form_fields", "read_form", "save_or_show", "see_other"]

_LONGEST_FORM = 2_000_000
_MOST_FIELDS = 200

_Saved = TypeVar("_Saved")


class InvalidFieldsError(InvalidValueError):
    """Values of several fields of a form cannot be used; each is shown beside its field.

    Parameters
    ----------
    errors
        The errors, of a field each; at least one.
    """

    def __init__(self, errors: Sequence[InvalidValueError]) -> None:
        super().__init__(errors[0].message, field=errors[0].field)
        self.others = {error.field: error.message for error in errors[1:] if error.field}


@dataclass(frozen=True, slots=True)
class FormState:
    """Values and error that a form is rendered with.

    Parameters
    ----------
    values
        Entered values by the names of their fields.
    others
        Error messages of further fields.
    error
        Error message; None for a form that was not submitted yet.
    field
        The field next to which the error is shown; None for an error of the form as a whole.
    status
        HTTP status of the page that has the form.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    field: str | None = None
    status: int = 200

    @classmethod
    def refused(cls, values: Mapping[str, str], error: PhotozError, *fields: str) -> "FormState":
        """Return the state of a form whose values were refused.

        Parameters
        ----------
        fields
            Fields that the form has; an error of any other field is an error of the form as a whole.
        """
        others = error.others if isinstance(error, InvalidFieldsError) else {}
        place = error.field if error.field in fields else None
        return cls(values, others, error=error.message, field=place, status=error.status)

    def value(self, name: str, default: str = "") -> str:
        """Return the entered value of a field."""
        return self.values.get(name, default)

    def error_of(self, name: str) -> str | None:
        """Return the error message of a field."""
        return self.error if self.error is not None and self.field == name else self.others.get(name)

    @property
    def error_of_form(self) -> str | None:
        """The error message that belongs to no single field."""
        return self.error if self.field is None else None


def save_or_show(
    save: Callable[[], _Saved],
    show: Callable[[FormState], Response],
    values: Mapping[str, str],
    fields: Sequence[str],
    *,
    then: str | Callable[[_Saved], str],
    refusals: tuple[type[PhotozError], ...] = (InvalidValueError, ConflictError),
) -> Response:
    """Save a submitted form and redirect to another page, or show the form again with its error.

    Parameters
    ----------
    save
        Saves the form.
    show
        Renders the page with the form.
    values
        Values to show again.
    fields
        Fields that can show an error next to them.
    then
        Address to redirect to, or a function that makes it from what was saved.
    refusals
        Errors that are shown in the form; all others have an error page.
    """
    try:
        saved = save()
    except refusals as e:
        return show(FormState.refused(values, e, *fields))
    return see_other(then if isinstance(then, str) else then(saved))


def see_other(address: str) -> RedirectResponse:
    """Return a redirect to another page after a form (303, RFC 9110 §15.4.4)."""
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})


async def form_fields(request: Request) -> dict[str, str]:
    """Parse the fields of a short form; a FastAPI dependency."""
    return await read_form(request, _MOST_FIELDS)


async def read_form(request: Request, most_fields: int) -> dict[str, str]:
    """Parse the fields of a form in application/x-www-form-urlencoded.

    Raises
    ------
    InvalidValueError
        The body is not such a form.
    TooLargeError
        It has more bytes than any form of these pages.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            message = f"The form is larger than {_LONGEST_FORM // 1_000_000} MB."
            raise TooLargeError(message)
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=most_fields))
    except ValueError as e:
        message = "The form could not be read. Reload the page and submit it again."
        raise InvalidValueError(message) from e
    for name, value in fields.items():
        if "\0" in value:  # which PostgreSQL does not take
            message = "The text contains a character that cannot be stored (NUL). Remove it."
            raise InvalidValueError(message, field=name)
    return fields
