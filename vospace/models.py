"""What VOSpace talks about: nodes, their properties, and the part of a container that a client asks for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import overload

__all__ = [
    "BLOCK",
    "CADC",
    "CADC_NAMES",
    "CORE",
    "READ_ONLY",
    "Detail",
    "LazyNodes",
    "Listing",
    "Node",
    "NodeFile",
    "NodeKind",
    "Path",
    "SortKey",
    "public_properties",
    "time_property",
    "written",
]

#: Before the names of standard properties, views and protocols.
CORE = "ivo://ivoa.net/vospace/core#"

#: Before the names of the properties that CADC's clients have beside them.
CADC = "ivo://cadc.nrc.ca/vospace/core#"
CADC_NAMES = frozenset({"inheritPermissions", "islocked"})

#: Properties that the service sets and clients cannot; of standard properties the name after ``core#`` is enough.
READ_ONLY = frozenset({"MD5", "availableSpace", "btime", "creator", "ctime", "date", "length", "mtime", "quota"})

#: The names that lead to a node; none for the root.
Path = tuple[str, ...]


class NodeKind(StrEnum):
    """The types of nodes, by their names in ``xsi:type`` (VOSpace 2.1 §3.1)."""

    CONTAINER = "ContainerNode"
    DATA = "DataNode"
    STRUCTURED = "StructuredDataNode"
    UNSTRUCTURED = "UnstructuredDataNode"
    LINK = "LinkNode"

    @property
    def has_bytes(self) -> bool:
        """Whether nodes of this type hold a file."""
        return self not in {NodeKind.CONTAINER, NodeKind.LINK}


class Detail(StrEnum):
    """How much of each node a client wants to see (VOSpace 2.1 §6.4.1)."""

    MIN = "min"
    PROPERTIES = "properties"
    MAX = "max"


class SortKey(StrEnum):
    """What a listing can be ordered by."""

    DATE = "date"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Listing:
    """The part of a container that a client asks for.

    Parameters
    ----------
    limit
        Most children; None is all of them.
    start
        Name of the first child.
    sort
        None is the order of the service, which is stable.
    brief
        Whether the names and types of the children are enough.
    """

    limit: int | None = None
    start: str | None = None
    sort: SortKey | None = None
    descending: bool = False
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A node.

    Parameters
    ----------
    properties
        Values by the names after ``core#`` of standard properties, and by the whole identifiers of others.
    children
        May be read from the database only when they are wanted, in blocks, and anew each time.
    read_only
        Names of those that clients cannot set here.
    target
        What a link points to.
    """

    path: Path
    kind: NodeKind
    properties: Mapping[str, str] = field(default_factory=dict)
    children: Sequence["Node"] = ()
    read_only: frozenset[str] = READ_ONLY
    target: str | None = None
    busy: bool = False

    @property
    def name(self) -> str:
        """The last part of the path; empty for the root."""
        return self.path[-1] if self.path else ""


@dataclass(frozen=True, slots=True)
class NodeFile:
    """The bytes of a data node, and what HTTP says about them; checksums are hexadecimal.

    Parameters
    ----------
    stored_id
        Where the bytes are stored; none when they are made while they are read.
    counted
        Is called when the bytes were sent to somebody, where that is counted.
    """

    name: str
    media_type: str
    size: int
    md5: str
    sha256: str
    modified: datetime
    read: Callable[[int, int], Iterator[bytes]]
    stored_id: str | None = None
    counted: Callable[[], None] | None = None


def time_property(time: datetime) -> str:
    """Write an instant in UTC; never with an offset, because clients of VOSpace cannot read one."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def public_properties(*, public: bool) -> dict[str, str]:
    """Return whether anybody may read: by the name of the standard, and by the one that CADC's clients read."""
    value = "true" if public else "false"
    return {"ispublic": value, "publicread": value}


def written(path: Path) -> str:
    """Write a path for people."""
    return "/" + "/".join(path)


#: Nodes that are read at once.
BLOCK = 500


class LazyNodes(Sequence[Node]):
    """Nodes whose order is settled, and which are read when they are wanted, anew each time.

    However many they are, only a block of them is in memory, and no transaction stays open while somebody reads them
    slowly. What is deleted, moved away, or closed to the caller meanwhile is left out, though it was counted; nothing
    comes twice.

    Parameters
    ----------
    numbers
        Numbers of the rows, in order.
    read
        Gives the nodes of some rows, in their order, without those that are not there any more.
    """

    def __init__(self, numbers: Sequence[int], read: Callable[[Sequence[int]], Sequence[Node]]) -> None:
        self._numbers = numbers
        self._read = read

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Node: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Node]: ...
    def __getitem__(self, index: int | slice) -> Node | Sequence[Node]:
        if isinstance(index, slice):
            return LazyNodes(self._numbers[index], self._read)
        return self._read([self._numbers[index]])[0]

    def __iter__(self) -> Iterator[Node]:
        for first in range(0, len(self._numbers), BLOCK):
            yield from self._read(self._numbers[first : first + BLOCK])
