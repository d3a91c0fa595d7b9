"""Comparison of the permissions of nodes: whether a change or a move opens nodes to more people."""

from collections.abc import Sequence
from dataclasses import dataclass

from vospace.schema import NodeRow

__all__ = ["Sharing", "is_opened_by_move"]


@dataclass(frozen=True, slots=True)
class Sharing:
    """Permissions of one node.

    Parameters
    ----------
    read_groups, write_groups
        Identifiers of groups.
    inherits
        Whether new nodes in the container get its permissions.
    """

    owner_id: int
    is_public: bool
    read_groups: frozenset[str]
    write_groups: frozenset[str]
    inherits: bool

    @classmethod
    def of_row(cls, row: NodeRow) -> "Sharing":
        """Return the permissions of a stored node."""
        return cls(
            row.owner_id,
            row.is_public,
            frozenset(row.group_read.split()),
            frozenset(row.group_write.split()),
            row.inherits,
        )

    @property
    def groups(self) -> frozenset[str]:
        """Identifiers of all groups that can read the node."""
        return self.read_groups | self.write_groups

    def is_within(self, other: "Sharing", home_owner_id: int) -> bool:
        """Return whether all who can read this node can read another one of the same home, as far as is known.

        Members of groups are not looked up, so a group is compared with itself only.
        """
        if other.is_public:
            return True
        owners = {other.owner_id, home_owner_id}
        return not self.is_public and self.groups <= other.groups and self.owner_id in owners


def is_opened_by_move(source: Sequence[NodeRow], target: Sequence[NodeRow]) -> bool:
    """Return whether more people may read a node of one container when it is moved to another one of the same home.

    Parameters
    ----------
    source, target
        Rows from the home to each container.
    """
    known = {row.id for row in target}
    places = [Sharing.of_row(row) for row in target]
    left = [Sharing.of_row(row) for row in source if row.id not in known]
    return not all(any(place.is_within(each, source[0].owner_id) for place in places) for each in left)
