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

__all__ = ["clean_token", "configuration_path", "find_token", "store_token"]

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


def store_token(token: str, base_url: str) -> Path:
    """Store the token for a server in the configuration file, which its owner alone may read; return its path.

    Raises
    ------
    ValueError
        The file is not one in which the token can be stored.
    """
    path = configuration_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    section, entry = f'[hosts."{base_url}"]', f'token = "{clean_token(token)}"'
    lines = old.splitlines()
    if section in (line.strip() for line in lines):
        start = [line.strip() for line in lines].index(section) + 1
        stop = next((i for i in range(start, len(lines)) if lines[i].lstrip().startswith("[")), len(lines))
        kept = [line for line in lines[start:stop] if line.partition("=")[0].strip() != "token"]
        lines[start:stop] = [entry, *kept]
    else:
        lines += [*([""] if lines else []), section, entry]
    text = "\n".join(lines) + "\n"
    try:
        stored = tomllib.loads(text)["hosts"][base_url]["token"]
    except (tomllib.TOMLDecodeError, KeyError, TypeError):
        stored = None
    if stored != clean_token(token):
        message = f"The token cannot be stored in {path}; correct that file, or remove it."
        raise ValueError(message)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with open(part, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    part.replace(path)
    return path


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
