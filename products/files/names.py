"""Names, extensions and media types of uploaded and downloaded files."""

import unicodedata
from pathlib import PurePosixPath

from core.errors import InvalidValueError
from products.readers.formats import FILE_FORMATS

__all__ = ["checked_file_name", "extension_of", "media_type_of"]

_LONGEST = 255
_MEDIA_TYPES = {
    ".md": "text/markdown",
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".zip": "application/zip",
    ".gz": "application/gzip",
    ".tgz": "application/gzip",
    ".tar": "application/x-tar",
    **{extension: kind for known in FILE_FORMATS.values() for extension, kind in known.media_types.items()},
}


def checked_file_name(name: str) -> str:
    """Return the name under which a file is stored: the last part of the path that a client sent, in NFC.

    Raises
    ------
    InvalidValueError
        It is not a valid file name.
    """
    last = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name.strip()
    last = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    if not last or last in {".", ".."}:
        message = f"'{name[:80]}' cannot be a file's name."
        raise InvalidValueError(message, field="file")
    if len(last.encode()) > _LONGEST:
        message = f"The file's name is longer than {_LONGEST} bytes; rename it and send it again."
        raise InvalidValueError(message, field="file")
    if last == "product_metadata.yaml":
        message = "The name product_metadata.yaml is reserved for the metadata of the product; rename the file."
        raise InvalidValueError(message, field="file")
    return last


def extension_of(name: str) -> str:
    """Return the extension of a name in lower case; ``.tar.gz`` and the like are one extension."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    if len(suffixes) > 1 and suffixes[-2] == ".tar":
        return "".join(suffixes[-2:])
    return suffixes[-1][:10] if suffixes else ""


def media_type_of(name: str) -> str:
    """Return the media type for downloads of a file; unknown types are plain bytes, and HTML is never declared."""
    return _MEDIA_TYPES.get(extension_of(name), "application/octet-stream")
