"""The decision table of VOSpace: the right that each operation needs on a node, its container and the nodes below it.

`vospace.access` finds the right that an identity has on a node. Each service that reads or changes nodes below
``/home`` asks `decide`, and a test compares the table in ``docs/vospace.md`` with `RULES`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

__all__ = ["RULES", "Decision", "Operation", "Right", "Rule", "decide"]


class Right(IntEnum):
    """Right of an identity on one node; each right includes those before it."""

    NONE = 0
    READ = 1
    WRITE = 2
    OWN = 3


class Operation(StrEnum):
    """Operation on a node below ``/home``; the value is a verb phrase, whose object is "it"."""

    READ = "read, list, copy, archive or pull it"
    CREATE = "create it, or move, copy or push to it"
    WRITE = "replace its bytes"
    SET = "set its properties"
    SHARE = "change its permissions"
    OPEN = "open it to more people"
    DELETE = "delete it"
    PRUNE = "delete what can be deleted of it"
    MOVE = "move or rename it"
    MOVE_WIDER = "move it to where more people can read it"
    MOVE_OUT = "move it out of its home"


class Decision(StrEnum):
    """Outcome of a check; what is hidden is reported as not existing."""

    ALLOWED = "allowed"
    DENIED = "denied"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Rule:
    """Minimum rights that an operation needs.

    Parameters
    ----------
    container
        On the container of the node.
    node
        On the node itself; `Right.NONE` where it does not exist yet.
    below
        On every node below it; `Right.NONE` where the operation leaves out those that it may not treat.
    """

    container: Right
    node: Right
    below: Right = Right.NONE

    def __str__(self) -> str:
        """Return the rights as a list in a sentence."""
        wanted = ((self.container, "its container"), (self.node, "it"), (self.below, "each node below it"))
        parts = [f"{_PHRASES[right]} {what}" for right, what in wanted if right in _PHRASES]
        return ", ".join(parts[:-1]) + (" and " if parts[:-1] else "") + parts[-1]


_PHRASES = {
    Right.READ: "read permission on",
    Right.WRITE: "write permission on",
    Right.OWN: "ownership of",
}


#: Minimum rights of each operation.
RULES: Mapping[Operation, Rule] = {
    Operation.READ: Rule(Right.READ, Right.READ),
    Operation.CREATE: Rule(Right.WRITE, Right.NONE),
    Operation.WRITE: Rule(Right.WRITE, Right.WRITE),
    Operation.SET: Rule(Right.READ, Right.WRITE),
    Operation.SHARE: Rule(Right.READ, Right.OWN),
    Operation.OPEN: Rule(Right.READ, Right.OWN, Right.OWN),
    Operation.DELETE: Rule(Right.WRITE, Right.WRITE, Right.WRITE),
    Operation.PRUNE: Rule(Right.WRITE, Right.WRITE),
    Operation.MOVE: Rule(Right.WRITE, Right.WRITE, Right.WRITE),
    Operation.MOVE_WIDER: Rule(Right.WRITE, Right.OWN, Right.OWN),
    Operation.MOVE_OUT: Rule(Right.WRITE, Right.OWN, Right.OWN),
}


def decide(operation: Operation, container: Right, node: Right | None, below: Iterable[Right] = ()) -> Decision:
    """Decide whether an operation is allowed.

    Parameters
    ----------
    container, node
        Right of the caller on the container and on the node; the latter is None when the node does not exist.
    below
        Rights of the caller on all nodes below it.
    """
    rule = RULES[operation]
    if container < Right.READ or (node is not None and node < Right.READ):
        return Decision.HIDDEN
    is_allowed = container >= rule.container and (node is None or node >= rule.node)
    return Decision.ALLOWED if is_allowed and all(right >= rule.below for right in below) else Decision.DENIED
