"""Safe parser of untrusted YAML: plain values of bounded size, no objects and no aliases."""

import yaml

from core.errors import InvalidValueError

__all__ = ["read_yaml"]

_LARGEST_FILE = 2_000_000
#: The one in C is ten times as fast; PyYAML can be built without it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str | bytes, name: str) -> object:
    """Read a YAML document of plain values.

    Raises
    ------
    InvalidValueError
        When it is no YAML, is too large, or has aliases, with which a short file can stand for a gigantic one.
    """
    if len(text) > _LARGEST_FILE:
        raise InvalidValueError(f"{name} has {len(text)} bytes; the limit is {_LARGEST_FILE} bytes.")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_LOADER)):
            raise InvalidValueError(f"{name} has a YAML alias (*name); write the value out.")
        return yaml.load(text, Loader=_LOADER)  # noqa: S506 - it is a safe loader  # nosec B506
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidValueError(f"{name} is not valid YAML: {' '.join(str(error).split())[:300]}") from error
