"""YAML that strangers write: plain values of bounded size, never objects and never aliases."""

import yaml

from core.errors import InvalidValueError

__all__ = ["read_yaml"]

_LARGEST_FILE = 2_000_000


def read_yaml(text: str | bytes, name: str) -> object:
    """Read a YAML document of plain values.

    Raises
    ------
    InvalidValueError
        When it is no YAML, is too large, or has aliases, with which a short file can stand for a gigantic one.
    """
    if len(text) > _LARGEST_FILE:
        raise InvalidValueError(f"{name} has {len(text)} bytes; such files have {_LARGEST_FILE} at most.")
    try:
        return yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - it is a SafeLoader without aliases
    except _AliasError as error:
        raise InvalidValueError(f"{name} has a YAML alias (*name); write the value out.") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidValueError(f"{name} is no YAML file: {' '.join(str(error).split())[:300]}") from error


class _AliasError(Exception):
    """A document refers to a part of itself."""


class _PlainLoader(yaml.SafeLoader):
    """The safe loader, without aliases."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise _AliasError
        return super().compose_node(parent, index)
