"""Values of VOSpace: nodes, their properties, listings of containers, and requests to set nodes."""

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
    "SETTABLE",
    "Detail",
    "LazyNodes",
    "Listing",
    "Node",
    "NodeFile",
    "NodeKind",
    "NodeRequest",
    "Path",
    "PropertyRequest",
    "SortKey",
    "public_properties",
    "time_property",
    "written",
]

#: Prefix of the identifiers of standard properties, views and protocols.
CORE = "ivo://ivoa.net/vospace/core#"

#: Prefix of the identifiers of properties that CADC's clients define, and the names of these properties.
CADC = "ivo://cadc.nrc.ca/vospace/core#"
CADC_NAMES = frozenset({"inheritPermissions", "islocked"})

#: Properties that only the service sets; standard properties are named without ``core#``.
READ_ONLY = frozenset({"MD5", "availableSpace", "btime", "creator", "ctime", "date", "length", "mtime", "quota"})

#: Standard properties that clients can set.
SETTABLE = (
    "contributor", "coverage", "description", "format", "groupread", "groupwrite", "identifier", "inheritPermissions",
    "islocked", "ispublic", "language", "publicread", "publisher", "relation", "rights", "source", "subject", "title",
    "type",
)  # fmt: skip

#: Path of a node as a tuple of names; empty for the root.
Path = tuple[str, ...]


class NodeKind(StrEnum):
    """Node types, by their names in ``xsi:type`` (VOSpace 2.1 §3.1)."""

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
    """Level of detail of a node in a document (VOSpace 2.1 §6.4.1)."""

    MIN = "min"
    PROPERTIES = "properties"
    MAX = "max"


class SortKey(StrEnum):
    """Sort key of a listing."""

    DATE = "date"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Listing:
    """Range and order of the children of a container that a client requests.

    Parameters
    ----------
    limit
        Maximum number of children; None means all.
    start
        Name of the first child.
    sort
        None is the default order, which is stable.
    brief
        Whether only the names and types of the children are needed.
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
        Values by property name: the part after ``core#`` of a standard identifier, or the whole identifier of another;
        one that is not a URI has a colon before it.
    children
        Children of a container; possibly lazy (`LazyNodes`).
    read_only
        Names of properties that clients cannot set on this node.
    target
        URI that a link points to.
    busy
        Whether its bytes are being written.
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
    """The bytes of a data node with their HTTP metadata; checksums are hexadecimal.

    Parameters
    ----------
    stored_id
        Id of the bytes in the file store; None when they are generated on reading.
    counted
        Called after a complete download, where downloads are counted.
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


@dataclass(frozen=True, slots=True)
class PropertyRequest:
    """A property in a client's document of a node; the value None removes it."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class NodeRequest:
    """A node in a client's document: the node to create, or the properties to set."""

    uri: str
    kind: NodeKind
    properties: tuple[PropertyRequest, ...]
    target: str | None


def time_property(time: datetime) -> str:
    """Format a time in UTC with ``Z``, because VOSpace clients cannot read an offset."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def public_properties(*, public: bool) -> dict[str, str]:
    """Return the two properties for public access: that of the standard, and that of CADC's clients."""
    value = "true" if public else "false"
    return {"ispublic": value, "publicread": value}


def written(path: Path) -> str:
    """Format a path for messages."""
    return "/" + "/".join(path)


#: Number of nodes read from the database at once.
BLOCK = 500


class LazyNodes(Sequence[Node]):
    """Lazy sequence of nodes: the order is fixed when it is created, the nodes are read in blocks on each iteration.

    Only one block is in memory, and no transaction stays open between blocks. Nodes that were deleted, moved or closed
    to the caller in the meantime are skipped, though ``len`` counts them; no node is repeated.

    Parameters
    ----------
    numbers
        Ids of the rows, in order.
    read
        Returns the nodes of some rows, in the same order, without those that no longer exist.
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
