"""Validation and storage of properties of nodes below ``/home`` (VOSpace 2.1 §3.2)."""

from collections.abc import Iterable, Mapping

from core.auth.models import Identity
from core.errors import PermissionDeniedError
from vospace.faults import InvalidArgumentError
from vospace.models import READ_ONLY, Node, NodeKind, PropertyRequest
from vospace.schema import NodeRow

__all__ = ["apply_properties", "check_read_only", "parse_flag", "parse_public", "stored_groups"]

_MOST_PROPERTIES = 200
_LONGEST_VALUE = 10_000
_LONGEST_NAME = 500
_LONGEST_GROUPS = 5_000
_FLAGS: Mapping[str, str] = {"islocked": "is_locked", "inheritPermissions": "inherits"}
_GROUPS: Mapping[str, str] = {"groupread": "group_read", "groupwrite": "group_write"}
_PUBLIC = ("ispublic", "publicread")


def apply_properties(identity: Identity, row: NodeRow, node: Node, requests: Iterable[PropertyRequest]) -> None:
    """Set properties of a stored node; properties that are not named keep their values.

    Parameters
    ----------
    node
        The node before the change.

    Raises
    ------
    PermissionDeniedError
        A read-only property would change.
    InvalidArgumentError
        A value is not valid.
    """
    properties, others = tuple(requests), dict(row.properties)
    public = parse_public(properties, held=row.is_public)
    if public is not None:
        row.is_public = public
    for item in properties:
        if item.name in _PUBLIC:
            continue
        if item.name in _FLAGS:
            setattr(row, _FLAGS[item.name], parse_flag(item))
        elif item.name in _GROUPS:
            setattr(row, _GROUPS[item.name], stored_groups(item.value or ""))
        elif item.name == "quota" and identity.acts_as_admin and row.parent_id is None:
            row.quota = _quota(item)
        elif item.name == "type" and node.kind.has_bytes:
            row.media_type = _media_type(item)
        elif item.name in READ_ONLY:
            check_read_only(node, item)
        elif item.value is None:
            others.pop(item.name, None)
        else:
            others[_checked_name(item.name)] = _checked_value(item)
    if len(others) > _MOST_PROPERTIES:
        message = f"A node can have at most {_MOST_PROPERTIES} custom properties."
        raise InvalidArgumentError(message)
    row.properties = others


def check_read_only(node: Node, item: PropertyRequest) -> None:
    """Check that a read-only property has its present value, as clients send it back.

    Raises
    ------
    PermissionDeniedError
        It has another value.
    """
    held = node.properties.get(item.name)
    if item.value in {held, None if held is None else held.strip()} or (not item.value and not held):
        return
    if item.name == "type" and node.kind is NodeKind.CONTAINER:
        return
    message = f"The property '{item.name}' is set by the service; it cannot be changed."
    raise PermissionDeniedError(message)


def parse_public(requests: Iterable[PropertyRequest], *, held: bool) -> bool | None:
    """Parse ``ispublic`` and ``publicread``; if only one of them differs from the present value, it wins."""
    wanted = [parse_flag(item) for item in requests if item.name in _PUBLIC]
    if not wanted:
        return None
    return (not held) if (not held) in wanted else held


def parse_flag(item: PropertyRequest) -> bool:
    """Parse a property that is true or false; without a value it is false."""
    value = (item.value or "false").strip().lower()
    if value not in {"true", "false", "1", "0"}:
        message = f"The property '{item.name}' must be true or false, not '{value[:40]}'."
        raise InvalidArgumentError(message)
    return value in {"true", "1"}


def stored_groups(text: str) -> str:
    """Return group identifiers as they are stored; clients separate them by spaces or commas."""
    groups = dict.fromkeys(text.replace(",", " ").split())
    stored = f" {' '.join(groups)} " if groups else ""
    if len(stored) > _LONGEST_GROUPS:
        message = f"The group identifiers can have at most {_LONGEST_GROUPS} characters in total."
        raise InvalidArgumentError(message)
    return stored


def _quota(item: PropertyRequest) -> int | None:
    value = (item.value or "").strip()
    if not value:
        return None
    if not (value.isascii() and value.isdecimal()) or len(value) > 18:
        message = f"The property 'quota' must be a number of bytes, not '{value[:40]}'."
        raise InvalidArgumentError(message)
    return int(value)


def _media_type(item: PropertyRequest) -> str | None:
    value = (item.value or "").strip()
    main, _, sub = value.partition(";")[0].partition("/")
    if value and not (value.isascii() and value.isprintable() and main and sub and len(value) <= 255):
        message = f"The property 'type' must be a media type like 'text/csv', not '{value[:80]}'."
        raise InvalidArgumentError(message)
    return value or None


def _checked_name(name: str) -> str:
    if len(name) > _LONGEST_NAME or not name.isprintable() or " " in name:
        message = f"'{name[:80]}' is not a valid property identifier."
        raise InvalidArgumentError(message)
    return name


def _checked_value(item: PropertyRequest) -> str:
    value = item.value or ""
    if len(value) > _LONGEST_VALUE:
        message = f"The value of '{item.name}' is longer than {_LONGEST_VALUE} characters."
        raise InvalidArgumentError(message)
    return value
