"""Sources of the access token: argument, environment, configuration file, and the Rubin Science Platform.

On the Rubin Science Platform (Nublado), the token of a user is mounted as a file, and in ``ACCESS_TOKEN``. It is valid
for hosts of that platform alone, so it is sent to no other one.
"""

import os
import stat
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["clean_token", "configuration_path", "find_token"]

_VARIABLE = "PZSERVER_TOKEN"
_RSP_MOUNTS = "/opt/lsst/software/jupyterlab"
_RSP_FILES = ("secrets/token", "environment/ACCESS_TOKEN")


def find_token(token: str | None, base_url: str) -> str:
    """Return the token for a server: the argument, or the first one of the other sources.

    Raises
    ------
    ValueError
        There is no token, it has characters that no token has, or others may read the configuration file.
    """
    given = (token, os.environ.get(_VARIABLE), *_configured(base_url), *_platform_tokens(base_url))
    found = next((value for value in given if value and value.strip()), None)
    if found is None:
        message = (
            f"Give your token: PzServer(token='…', host='…'), or set {_VARIABLE}, or write it to "
            f"{configuration_path()}. Create one on the server's pages."
        )
        raise ValueError(message)
    return clean_token(found)


def clean_token(token: str) -> str:
    """Return a token without surrounding blanks and line ends; errors never contain it.

    Raises
    ------
    ValueError
        It has characters that cannot be sent in a header.
    """
    stripped = token.strip().removeprefix("Bearer ").strip()
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        message = "The token contains blanks, line ends or letters that no token has; copy it again."
        raise ValueError(message)
    return stripped


def configuration_path() -> Path:
    """Return the path of the configuration file, which need not exist."""
    if path := os.environ.get("PZSERVER_CONFIG"):
        return Path(path)
    if sys.platform == "win32":
        folder = os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming"
    else:
        folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "pzserver" / "config.toml"


def _configured(base_url: str) -> Iterator[str]:
    """Yield the token of a server from the configuration file: ``[hosts."https://…"]`` with ``token``."""
    path = configuration_path()
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        message = f"{path} holds tokens, and other users may read it; run: chmod 600 {path}"
        raise ValueError(message)
    try:
        hosts = tomllib.loads(text).get("hosts", {})
    except tomllib.TOMLDecodeError:
        message = f'{path} is not valid TOML; write [hosts."{base_url}"] and, in the next line, token = "…".'
        raise ValueError(message) from None  # the error of the parser may show a token
    for host, entry in hosts.items():
        if _same_host(host, base_url) and isinstance(entry, dict) and isinstance(entry.get("token"), str):
            yield entry["token"]


def _same_host(host: str, base_url: str) -> bool:
    return host.rstrip("/").removesuffix("/api").lower() == base_url.lower()


def _platform_tokens(base_url: str) -> Iterator[str]:
    instance = urlsplit(os.environ.get("EXTERNAL_INSTANCE_URL", ""))
    here = urlsplit(base_url)
    if not instance.hostname or here.hostname != instance.hostname or here.scheme != "https":
        return
    folder = Path(os.environ.get("NUBLADO_RUNTIME_MOUNTS_DIR", _RSP_MOUNTS))
    for name in _RSP_FILES:
        try:
            yield (folder / name).read_text(encoding="utf-8")
        except OSError:
            continue
    yield os.environ.get("ACCESS_TOKEN", "")
