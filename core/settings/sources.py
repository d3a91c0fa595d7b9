"""Sources of settings: command line, environment, a file, defaults; names in them that are no settings."""

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError

from core.settings.checks import settings_problems
from core.settings.fields import Settings

__all__ = ["FILE_VARIABLE", "InvalidSettingsError", "LoadedSettings", "Origin", "load_settings", "shown_value"]

#: Variable that names a file with lines ``PHOTOZ_…=value``; it is no setting itself.
FILE_VARIABLE = "PHOTOZ_SETTINGS_FILE"

_PREFIX = "PHOTOZ_"
_HIDDEN = "(secret)"
#: Examples of the settings that are written in JSON.
_EXAMPLES: Mapping[str, str] = {
    "transfer_hosts": '["data.example.org"]',
    "catalogue_places": '["/srv/catalogues", "s3://surveys/"]',
    "registry_sources": '["https://registry.example.org/oai.xml"]',
    "table_upload_networks": '["10.1.0.0/16"]',
    "token_scopes": '{"read:tap": "read"}',
}


class Origin(StrEnum):
    """Where the value of a setting comes from."""

    OPTION = "command line"
    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


class InvalidSettingsError(Exception):
    """Settings that cannot be used; each problem is a sentence."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("The settings cannot be used:\n  " + "\n  ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings, with the origin of each by the name of its field."""

    settings: Settings
    origins: Mapping[str, Origin]


def load_settings(chosen: Mapping[str, Any], environment: MutableMapping[str, str] = os.environ) -> LoadedSettings:
    """Read the settings of a command.

    Parameters
    ----------
    chosen
        Values of options of the command line, which override all others.
    environment
        Environment variables. Those that the file of ``PHOTOZ_SETTINGS_FILE`` has and the environment has not are
        added, also those of S3, so that processes of this one have the same.

    Raises
    ------
    InvalidSettingsError
        A name is not that of a setting, or a value cannot be used.
    """
    given = {name.upper() for name in environment}
    from_file = _file_values(environment)
    problems = tuple(_unknown(name) for name in sorted({*given, *map(str.upper, from_file)}) if not _is_known(name))
    if problems:
        raise InvalidSettingsError(problems)
    for name, value in from_file.items():
        if name.upper() not in given:
            environment[name] = value
    try:
        settings = Settings(**chosen)
    except ValidationError as e:
        raise InvalidSettingsError(tuple(_sentence(error) for error in e.errors())) from e
    except SettingsError as e:
        raise InvalidSettingsError(tuple(_unparsed(environment)) or (str(e),)) from e
    if problems := settings_problems(settings):
        raise InvalidSettingsError(problems)
    origins = {name: _origin(name, chosen, given, from_file) for name in Settings.model_fields}
    return LoadedSettings(settings, origins)


def shown_value(settings: Settings, name: str) -> str:
    """Return the value of a setting as text; secrets, also the password in an address, are hidden."""
    value = getattr(settings, name)
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return _HIDDEN
    text = str(value)
    head, separator, tail = text.partition("://")
    account, at, host = tail.rpartition("@")
    if separator and at and ":" in account:
        return f"{head}://{account.partition(':')[0]}:{_HIDDEN}@{host}"
    return text


def _file_values(environment: Mapping[str, str]) -> dict[str, str]:
    path = environment.get(FILE_VARIABLE)
    if not path:
        return {}
    if not Path(path).is_file():
        raise InvalidSettingsError((f"{FILE_VARIABLE} is '{path}', and there is no such file.",))
    return {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}


def _is_known(name: str) -> bool:
    return not name.startswith(_PREFIX) or name == FILE_VARIABLE or name.removeprefix(_PREFIX).lower() in _FIELDS


_FIELDS = frozenset(Settings.model_fields)


def _unknown(name: str) -> str:
    names = [FILE_VARIABLE.removeprefix(_PREFIX), *map(str.upper, Settings.model_fields)]
    given = name.removeprefix(_PREFIX)
    longer = [each for each in names if given.startswith(f"{each}_")]
    near = [max(longer, key=len)] if longer else get_close_matches(given, names, n=1)
    advice = f"Do you mean {_PREFIX}{near[0]}?" if near else "Remove it; 'photoz settings' lists those that there are."
    return f"{name} is not a setting. {advice}"


def _sentence(error: Any) -> str:  # a TypedDict of pydantic
    name = f"{_PREFIX}{str(error['loc'][0]).upper()}" if error["loc"] else "Settings"
    given = error.get("input")
    shown = "" if given is None or len(str(given)) > 80 or "SECRET" in name else f" ('{given}')"
    return f"{name}{shown}: {error['msg'].removeprefix('Value error, ')}"


def _unparsed(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable whose value is no JSON."""
    names = {name.upper(): value for name, value in environment.items()}
    return [
        f"{_PREFIX}{field.upper()} ('{names[_PREFIX + field.upper()]}') is no JSON. Write it as in {example}."
        for field, example in _EXAMPLES.items()
        if names.get(_PREFIX + field.upper(), "[")[:1] not in {"[", "{"}
    ]


def _origin(name: str, chosen: Mapping[str, Any], given: set[str], from_file: Mapping[str, str]) -> Origin:
    variable = f"{_PREFIX}{name.upper()}"
    if name in chosen:
        return Origin.OPTION
    if variable in given:
        return Origin.ENVIRONMENT
    return Origin.FILE if variable in map(str.upper, from_file) else Origin.DEFAULT
