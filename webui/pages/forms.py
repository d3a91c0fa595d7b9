"""Forms that pages send: their fields, and what was wrong with them."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from fastapi import Request

from core.errors import InvalidValueError, PhotozError, TooLargeError

__all__ = ["FormState", "form_fields", "read_form"]

_LONGEST_FORM = 2_000_000
_MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class FormState:
    """What a form shows again after it was refused: the values that were entered, and the sentence.

    Parameters
    ----------
    values
        Entered values by the names of their fields.
    error
        What was wrong; None for a form that was not sent yet.
    field
        The field next to which the error stands; None when it is about the form as a whole.
    """

    values: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    field: str | None = None

    @classmethod
    def refused(cls, values: dict[str, str], error: PhotozError, *fields: str) -> "FormState":
        """Keep what was entered, with the sentence of the error.

        Parameters
        ----------
        fields
            Fields that the form has; an error about any other one is about the form as a whole.
        """
        return cls(values, error.message, error.field if error.field in fields else None)

    def value(self, name: str, default: str = "") -> str:
        """Return what was entered into a field."""
        return self.values.get(name, default)

    def error_of(self, name: str) -> str | None:
        """Return the sentence that belongs next to a field."""
        return self.error if self.error is not None and self.field == name else None

    @property
    def error_of_form(self) -> str | None:
        """The sentence that belongs to no single field."""
        return self.error if self.field is None else None


async def form_fields(request: Request) -> dict[str, str]:
    """Read the fields of a short form; a FastAPI dependency."""
    return await read_form(request, _MOST_FIELDS)


async def read_form(request: Request, most_fields: int) -> dict[str, str]:
    """Read the fields of a form in application/x-www-form-urlencoded.

    Raises
    ------
    InvalidValueError
        The body is no such form.
    TooLargeError
        It has more bytes than any of our forms.
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
        message = "The form could not be read; load the page again and send it once more."
        raise InvalidValueError(message) from e
    for name, value in fields.items():
        if "\0" in value:  # which PostgreSQL does not take
            message = "The text has a character that cannot be stored (NUL); remove it."
            raise InvalidValueError(message, field=name)
    return fields
