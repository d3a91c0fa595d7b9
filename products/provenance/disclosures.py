"""Disclosures: names of inputs that readers of a product see in its files although they may not read these inputs.

They are shown before a product is shared, so that whoever shares it can decide.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.auth.models import Identity
from core.auth.schema import GroupRow
from core.database import Database
from products.access import readable
from products.models import Product, Visibility
from products.provenance.models import UsedEntity
from products.provenance.schema import ActivityRow, UsedEntityRow
from products.schema import ProductRow, release_groups
from products.sharing.audience import audience_of

__all__ = ["Disclosure", "DisclosureService"]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Inputs of a product that not all of its readers may read.

    Parameters
    ----------
    names
        Internal names, and addresses of files, of the inputs that the caller may read.
    others
        Number of further inputs.
    """

    names: tuple[str, ...] = ()
    others: int = 0

    def __bool__(self) -> bool:
        return bool(self.names or self.others)

    @property
    def listed(self) -> str:
        """The inputs as text: ``12_vvds, 15_deep and 1 that you may not read either``."""
        others = f"{self.others} that you may not read either" if self.others else ""
        return " and ".join(filter(None, (", ".join(self.names), others)))

    @property
    def sentence(self) -> str:
        """Warning to show before the product is shared."""
        return (
            f"Not all who can read this product may read what it was made of: {self.listed}. They see the names of "
            "these inputs in its description, its column source, its report, provenance.json, config.yaml and log, "
            "unless you change or remove those."
        )


class DisclosureService:
    """Find the inputs that a product discloses to its readers.

    Parameters
    ----------
    may_read_file
        Returns whether an identity may read the file at a ``vos:`` address.
    """

    def __init__(self, database: Database, may_read_file: Callable[[Identity, str], bool]) -> None:
        self._database = database
        self._may_read_file = may_read_file

    def inputs(self, product: Product) -> tuple[UsedEntity, ...]:
        """Return the recorded inputs of a product; empty while it is in processing."""
        with self._database.read() as session:
            rows = session.scalars(
                select(UsedEntityRow)
                .join(ActivityRow, ActivityRow.id == UsedEntityRow.activity_id)
                .where(ActivityRow.product_id == product.id)
                .order_by(UsedEntityRow.id)
            )
            return tuple(UsedEntity(row.role, row.name, row.product_id) for row in rows)

    def audience(
        self, product: Product, visibility: Visibility | None = None, groups: Sequence[str] | None = None
    ) -> tuple[Identity, ...]:
        """Return identities that represent the readers of a product once it is published, owners aside.

        A product with an embargo date is read by everyone in the end.

        Parameters
        ----------
        visibility, groups
            Those of the product by default.
        """
        shared = product.groups if groups is None else groups
        default = product.visibility if product.embargo_date is None else Visibility.PUBLIC
        return audience_of(visibility or default, shared, self._closed_to(product))

    def of(self, identity: Identity, used: Sequence[UsedEntity], readers: Sequence[Identity]) -> Disclosure:
        """Return the inputs that not all of the readers may read, as far as the identity may see them."""
        readable_by = [self._readable(reader, used) for reader in readers]
        hidden = [each for each in used if not all(each in seen for seen in readable_by)]
        own = self._readable(identity, hidden)
        names = tuple(dict.fromkeys(each.name for each in hidden if each in own))
        return Disclosure(names, sum(each not in own for each in hidden))

    def _readable(self, identity: Identity, used: Sequence[UsedEntity]) -> frozenset[UsedEntity]:
        numbers = {each.product_id for each in used if each.product_id is not None}
        with self._database.read() as session:
            found = set(session.scalars(select(ProductRow.id).where(ProductRow.id.in_(numbers), readable(identity))))
        return frozenset(
            each
            for each in used
            if (each.product_id in found if each.product_id is not None else self._reads(identity, each))
        )

    def _reads(self, identity: Identity, entity: UsedEntity) -> bool:
        # Anything else is a release, whose name readers of its products may know.
        return not entity.is_file or self._may_read_file(identity, entity.name)

    def _closed_to(self, product: Product) -> tuple[str, ...]:
        """Return the groups to which the release of a product is restricted, or None."""
        if product.release is None or product.release.is_public:
            return ()
        with self._database.read() as session:
            return _groups_of_release(session, product.release.id)


def _groups_of_release(session: Session, release_id: int) -> tuple[str, ...]:
    names = (
        select(GroupRow.name)
        .join(release_groups, release_groups.c.group_id == GroupRow.id)
        .where(release_groups.c.release_id == release_id)
        .order_by(GroupRow.name)
    )
    return tuple(session.scalars(names))
