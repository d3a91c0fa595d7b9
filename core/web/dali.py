"""DALI parameters (DALI 1.1 §3): case-insensitive names, from the query string or the body, repeatable."""

from collections.abc import Iterable, Iterator, Mapping

from core.errors import InvalidValueError

__all__ = ["DaliParameters"]


class DaliParameters:
    """The parameters of a request, by names in upper case.

    Parameters
    ----------
    pairs
        Names and values as they were sent, in order.
    files
        Ids under which the files of the form are stored, by the names of their fields.
    file_bytes
        Their size, together.
    """

    def __init__(
        self, pairs: Iterable[tuple[str, str]], files: Mapping[str, str] | None = None, file_bytes: int = 0
    ) -> None:
        self.files = dict(files or {})
        self.file_bytes = file_bytes
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.upper(), []).append(value)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield all names, in upper case, with their values."""
        for name, values in self._values.items():
            yield from ((name, value) for value in values)

    def one(self, name: str) -> str | None:
        """Return the value of a parameter that may be given once; an empty value counts as not given.

        Identical repetitions are allowed, because clients send parameters in the query string and again in
        the body.

        Raises
        ------
        InvalidValueError
            The parameter came with different values (DALI 1.1 §3.4).
        """
        values = {value for value in self._values.get(name.upper(), []) if value.strip()}
        if len(values) > 1:
            message = f"The parameter {name.upper()} was given {len(values)} different values; give it once."
            raise InvalidValueError(message, field=name)
        return values.pop() if values else None

    def all(self, name: str) -> tuple[str, ...]:
        """Return every different value of a parameter that may be repeated, in order."""
        return tuple(dict.fromkeys(self._values.get(name.upper(), [])))
