"""Lineage of a product: the products and files that it was made of, and what was made of it, as a graph.

It has what the provenance of each product shows to the caller: an input that the caller may not read is a node without
a name, and a product made of this one is left out unless the caller may read it.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from sqlalchemy import select

from core.auth.models import Identity
from core.database import Database
from products.access import readable
from products.attribution import RelationKind
from products.models import Product, ProductStatus
from products.provenance.models import SourceProduct
from products.provenance.schema import ActivityRow, UsedEntityRow
from products.provenance.service import ProvenanceService
from products.schema import ProductRow
from products.sharing.attribution import RelationService
from products.storage import product_of_row

__all__ = ["Lineage", "LineageEdge", "LineageNode", "LineageService"]

_MOST_NODES = 60
_STEPS_BACK, _STEPS_ON = 4, 2
_DECLARED = {RelationKind.IS_DERIVED_FROM: "derived from", RelationKind.IS_NEW_VERSION_OF: "new version of"}


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A product, a file, or something else that an activity used.

    Parameters
    ----------
    level
        Place in the order of making: 0 is the product that was asked for, inputs are negative.
    label
        Display name; empty for what the caller may not read.
    """

    key: str
    level: int
    kind: Literal["product", "file", "other", "hidden"]
    label: str = ""
    product: Product | None = None


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """That one node was used to make another, with its role."""

    source: str
    target: str
    role: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """The graph around a product; the nodes are in the order of their levels.

    Parameters
    ----------
    focus
        Key of the product that was asked for.
    is_whole
        Whether the graph has all there is; otherwise the pages of its products show more.
    """

    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]
    focus: str
    is_whole: bool


class LineageService:
    """Build the lineage of products."""

    def __init__(self, database: Database, provenance: ProvenanceService, relations: RelationService) -> None:
        self._database = database
        self._provenance = provenance
        self._relations = relations

    def of(self, identity: Identity, product: Product) -> Lineage:
        """Return the graph around a product that the identity may read."""
        graph = _Graph(_key(product))
        graph.add(_node(product, 0))
        self._walk(graph, identity, product, back=True)
        self._walk(graph, identity, product, back=False)
        return graph.lineage()

    def _walk(self, graph: "_Graph", identity: Identity, start: Product, *, back: bool) -> None:
        waiting = deque([(start, 0)])
        while waiting:
            product, step = waiting.popleft()
            for node, role in self._sources(identity, product) if back else self._made_of(identity, product):
                if abs(step) == (_STEPS_BACK if back else _STEPS_ON):
                    graph.is_whole = False
                    break
                further = step - 1 if back else step + 1
                is_new = graph.add(replace(node, level=further))
                graph.connect(*((node.key, _key(product)) if back else (_key(product), node.key)), role)
                if is_new and node.product is not None:
                    waiting.append((node.product, further))

    def _sources(self, identity: Identity, product: Product) -> Iterator[tuple[LineageNode, str]]:
        found = self._provenance.of(identity, product.id)
        for place, source in enumerate(found.sources):
            role = "" if source.entity is None else source.entity.role.replace("_", " ")
            yield _source_node(source, f"{_key(product)}.{place}"), role
        if found.previous is not None:
            yield _node(found.previous, 0), "new version of"
        for related in self._relations.of(identity, product):
            if related.product is not None and related.kind in _DECLARED:
                yield _node(related.product, 0), _DECLARED[related.kind]

    def _made_of(self, identity: Identity, product: Product) -> list[tuple[LineageNode, str]]:
        is_open = (ProductRow.status == ProductStatus.PUBLISHED, readable(identity))
        used = (
            select(ProductRow, UsedEntityRow.role)
            .join(ActivityRow, ActivityRow.product_id == ProductRow.id)
            .join(UsedEntityRow, UsedEntityRow.activity_id == ActivityRow.id)
            .where(UsedEntityRow.product_id == product.id, *is_open)
            .order_by(ProductRow.id)
            .limit(_MOST_NODES)
        )
        newer = select(ProductRow).where(ProductRow.previous_id == product.id, *is_open).limit(_MOST_NODES)
        with self._database.read() as session:
            made = [(_node(product_of_row(row), 0), role.replace("_", " ")) for row, role in session.execute(used)]
            return made + [(_node(product_of_row(row), 0), "new version of") for row in session.scalars(newer)]


@dataclass
class _Graph:
    focus: str
    nodes: dict[str, LineageNode] = field(default_factory=dict)
    edges: dict[tuple[str, str], str] = field(default_factory=dict)
    is_whole: bool = True

    def add(self, node: LineageNode) -> bool:
        """Add a node; return whether it is new and there was room."""
        if node.key in self.nodes:
            return False
        if len(self.nodes) >= _MOST_NODES:
            self.is_whole = False
            return False
        self.nodes[node.key] = node
        return True

    def connect(self, source: str, target: str, role: str) -> None:
        """Add an edge between nodes that are there; the first role stays."""
        if source != target and source in self.nodes and target in self.nodes and (target, source) not in self.edges:
            self.edges.setdefault((source, target), role)

    def lineage(self) -> Lineage:
        """Return the graph; each node stands before all that were made of it, as far as there is no circle."""
        levels = {key: node.level for key, node in self.nodes.items()}
        for _ in range(len(self.nodes)):
            late = {
                source: levels[target] - 1
                for source, target in self.edges
                if levels[source] >= levels[target] and levels[target] <= 0 and source != self.focus
            }
            if not late:
                break
            levels.update(late)
        nodes = sorted((replace(node, level=levels[key]) for key, node in self.nodes.items()), key=lambda n: n.level)
        edges = tuple(LineageEdge(source, target, role) for (source, target), role in self.edges.items())
        return Lineage(tuple(nodes), edges, self.focus, self.is_whole)


def _key(product: Product) -> str:
    return f"product {product.id}"


def _node(product: Product, level: int) -> LineageNode:
    return LineageNode(_key(product), level, "product", product.display_name, product)


def _source_node(source: SourceProduct, place: str) -> LineageNode:
    if source.product is not None:
        return _node(source.product, 0)
    if source.entity is None:
        return LineageNode(f"hidden {place}", 0, "hidden")
    kind: Literal["file", "other"] = "file" if source.entity.is_file else "other"
    return LineageNode(f"{kind} {source.entity.name}", 0, kind, source.entity.name)
