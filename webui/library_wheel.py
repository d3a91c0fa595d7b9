"""Wheel of the Python library (PEP 427), made of the files that are installed beside the server.

So a user can install the version that fits the server, without a checkout and without PyPI. The library is found by its
name and is not imported.
"""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

__all__ = ["LibraryWheel", "library_wheel"]

_PACKAGE = "pzserver"
#: Names that the distribution may have; the latter is prepared for PyPI, where the former is another one.
_DISTRIBUTIONS = ("pzserver", "pzserver-vo")
#: Files of an installation that a wheel does not have.
_LOCAL = frozenset({"RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json", "uv_cache.json"})
_WHEEL = "Wheel-Version: 1.0\nGenerator: photoz-server\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_TIME = (2020, 1, 1, 0, 0, 0)  # the same for all files, so that equal files make equal wheels


@dataclass(frozen=True, slots=True)
class LibraryWheel:
    """A wheel.

    Parameters
    ----------
    project
        Name of the distribution.
    requires_python
        Versions of Python, as in the metadata.
    """

    project: str
    version: str
    requires_python: str
    content: bytes

    @property
    def file_name(self) -> str:
        """File name by the rules of wheels."""
        return f"{self.project.replace('-', '_')}-{self.version}-py3-none-any.whl"

    @property
    def sha256(self) -> str:
        """SHA-256 of the content, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()


@cache
def library_wheel() -> LibraryWheel | None:
    """Return the wheel of the installed library; None when it is not installed."""
    found, folder = _installed(), _package_folder()
    if found is None or folder is None:
        return None
    project, version = found.metadata["Name"], found.version
    info = f"{project.replace('-', '_')}-{version}.dist-info"
    files = dict(_package_files(folder))
    files |= {f"{info}/{name}": content for name, content in _metadata_files(found)}
    files[f"{info}/WHEEL"] = _WHEEL.encode()
    record = "".join(f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    requires = found.metadata["Requires-Python"]
    return LibraryWheel(project, version, requires, _zipped(files))


def _installed() -> Distribution | None:
    for name in _DISTRIBUTIONS:
        try:
            return distribution(name)
        except PackageNotFoundError:
            continue
    return None


def _package_folder() -> Path | None:
    spec = find_spec(_PACKAGE)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def _package_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts:
            yield f"{_PACKAGE}/{path.relative_to(folder).as_posix()}", path.read_bytes()


def _metadata_files(found: Distribution) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the metadata, with their names in the folder ``.dist-info``."""
    for path in sorted(found.files or ()):
        parts = path.parts
        if parts[0].endswith(".dist-info") and parts[-1] not in _LOCAL:
            yield "/".join(parts[1:]), Path(str(path.locate())).read_bytes()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _zipped(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return written.getvalue()
