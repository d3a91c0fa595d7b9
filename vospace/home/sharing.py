"""Changes of the permissions of nodes below ``/home``: which right they need, and which groups they may name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from core.auth.groups import find_own_group
from core.auth.models import Identity
from core.identifiers import GroupIdentifiers
from vospace.access import REGISTERED
from vospace.home.properties import parse_flag, parse_public, stored_groups
from vospace.models import PropertyRequest
from vospace.rights.decisions import Operation, Right
from vospace.rights.sharing import Sharing
from vospace.schema import NodeRow

__all__ = ["lowest_rights", "sharing_operation", "with_known_groups"]

_GROUPS = frozenset({"groupread", "groupwrite"})


def sharing_operation(row: NodeRow, requests: Iterable[PropertyRequest], home_owner_id: int) -> Operation:
    """Return the operation that is requested: to set properties, to change permissions, or to open a node."""
    before, after = Sharing.of_row(row), _requested_sharing(row, tuple(requests))
    if after == before:
        return Operation.SET
    return Operation.SHARE if after.is_within(before, home_owner_id) else Operation.OPEN


def with_known_groups(
    session: Session,
    identity: Identity,
    groups: GroupIdentifiers,
    row: NodeRow,
    requests: Iterable[PropertyRequest],
) -> tuple[PropertyRequest, ...]:
    """Return requests with the identifiers of groups as they are stored; present groups of the node are kept.

    Raises
    ------
    InvalidValueError
        A new group is not of this service, does not exist, or the caller is no member.
    """
    present = Sharing.of_row(row).groups

    def known(uri: str) -> str:
        if uri in present:
            return uri
        name = groups.name_in(uri)
        return groups.of(name if name == REGISTERED else find_own_group(session, identity, name).name)

    return tuple(
        replace(item, value=" ".join(map(known, stored_groups(item.value).split())))
        if item.name in _GROUPS and item.value
        else item
        for item in requests
    )


def lowest_rights(rows: Sequence[NodeRow], rights: Mapping[int, Right]) -> Mapping[int, Right]:
    """Return the lowest right on each node and the nodes below it, by row id.

    Parameters
    ----------
    rows
        Nodes, each container before its children.
    """
    lowest = dict(rights)
    for row in reversed(rows[1:]):
        parent = row.parent_id or 0
        lowest[parent] = min(lowest[parent], lowest[row.id])
    return lowest


def _requested_sharing(row: NodeRow, requests: Sequence[PropertyRequest]) -> Sharing:
    """Return the permissions that a node would have."""
    wanted = Sharing.of_row(row)
    public = parse_public(requests, held=row.is_public)
    if public is not None:
        wanted = replace(wanted, is_public=public)
    for item in requests:
        if item.name == "inheritPermissions":
            wanted = replace(wanted, inherits=parse_flag(item))
        elif item.name == "groupread":
            wanted = replace(wanted, read_groups=frozenset(stored_groups(item.value or "").split()))
        elif item.name == "groupwrite":
            wanted = replace(wanted, write_groups=frozenset(stored_groups(item.value or "").split()))
    return wanted
