"""Checksums and conditional headers in HTTP (RFC 3230, RFC 9110 §13)."""

import base64
import binascii
from collections.abc import Mapping

from core.files import StoredBytes
from vospace.faults import DigestMismatchError, InvalidArgumentError
from vospace.models import NodeFile

__all__ = ["check_conditions", "check_digests", "digest_header", "has_bytes"]

_ALGORITHMS = {"md5": "md5", "sha-256": "sha256", "sha256": "sha256"}


def digest_header(md5: str) -> str:
    """Return the header ``Digest`` for a hexadecimal MD5."""
    return f"md5={base64.b64encode(bytes.fromhex(md5)).decode()}"


def check_digests(headers: Mapping[str, str], stored: StoredBytes) -> None:
    """Compare the digests that a client sent with those of the stored bytes.

    Raises
    ------
    DigestMismatchError
        They differ.
    InvalidArgumentError
        A header is not valid.
    """
    for algorithm, wanted in _requested_digests(headers):
        found = stored.md5 if algorithm == "md5" else stored.sha256
        if wanted != found:
            message = f"The {algorithm} of the received bytes is {found}, not {wanted}; nothing was stored."
            raise DigestMismatchError(message)


def has_bytes(file: NodeFile | None) -> bool:
    """Return whether bytes were ever written to a node, possibly none; a node created by a document has no bytes."""
    return file is not None and file.stored_id is not None


def check_conditions(headers: Mapping[str, str], old: NodeFile | None) -> None:
    """Check If-Match and If-None-Match of a PUT (RFC 9110 §13.1)."""
    wanted, unwanted = headers.get("if-match"), headers.get("if-none-match")
    if wanted is not None and not _matches(wanted, old):
        message = "The file no longer matches If-Match; nothing was stored."
        raise DigestMismatchError(message)
    if unwanted is not None and _matches(unwanted, old):
        message = "A file that matches If-None-Match exists; nothing was stored."
        raise DigestMismatchError(message)


def _matches(header: str, old: NodeFile | None) -> bool:
    if header.strip() == "*":
        return has_bytes(old)
    return old is not None and f'"{old.sha256}"' in {part.strip() for part in header.split(",")}


def _requested_digests(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    given = [part for part in headers.get("digest", "").split(",") if part.strip()]
    given += [f"md5={headers['content-md5']}"] if "content-md5" in headers else []
    found = []
    for part in given:
        name, _, value = part.strip().partition("=")
        algorithm = _ALGORITHMS.get(name.strip().lower())
        if algorithm is None:  # not supported by this service
            continue
        try:
            found.append((algorithm, base64.b64decode(value.strip(), validate=True).hex()))
        except (binascii.Error, ValueError) as e:
            message = f"'{part[:100]}' is not a valid digest; the form is '{name.strip()}=' followed by base64."
            raise InvalidArgumentError(message) from e
    return found
