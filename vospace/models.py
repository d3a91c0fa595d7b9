"""What VOSpace talks about: nodes, their properties, and the part of a container that a client asks for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

__all__ = ["CORE", "PROPERTIES", "Detail", "Listing", "Node", "NodeFile", "NodeKind", "SortKey"]

#: Before the names of standard properties, views and protocols.
CORE = "ivo://ivoa.net/vospace/core#"

#: Names of the properties that nodes here can have, all of them read-only.
PROPERTIES = (
    "MD5",
    "creator",
    "ctime",
    "date",
    "description",
    "groupread",
    "ispublic",
    "length",
    "publicread",
    "title",
    "type",
)


class NodeKind(StrEnum):
    """The types of nodes that are here, by their names in ``xsi:type``."""

    CONTAINER = "ContainerNode"
    DATA = "DataNode"


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
    """

    limit: int | None = None
    start: str | None = None
    sort: SortKey | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A node: the names that lead to it, and the values of its properties by their names after ``core#``."""

    path: tuple[str, ...]
    kind: NodeKind
    properties: Mapping[str, str] = field(default_factory=dict)
    children: tuple["Node", ...] = ()

    @property
    def name(self) -> str:
        """The last part of the path; empty for the root."""
        return self.path[-1] if self.path else ""


@dataclass(frozen=True, slots=True)
class NodeFile:
    """The bytes of a data node, and what HTTP says about them; checksums are hexadecimal."""

    name: str
    media_type: str
    size: int
    md5: str
    sha256: str
    modified: datetime
    read: Callable[[int, int], Iterator[bytes]]
