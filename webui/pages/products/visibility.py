"""Form fields for the visibility of a product and the groups that it is shared with."""

from collections.abc import Mapping
from contextlib import suppress

from core.auth.models import ANONYMOUS, Identity
from core.errors import InvalidValueError, NotFoundError
from products.models import Product, Visibility
from products.provenance import Disclosure
from webui.disclosures import disclosure
from webui.services import WebServices

__all__ = ["chosen_groups", "chosen_visibility", "disclosures_by_reader", "groups_on_offer", "visibility_values"]

#: Prefix of the checkboxes of groups.
_GROUP = "group:"


def chosen_visibility(fields: Mapping[str, str]) -> Visibility:
    """Parse the visibility of a form, or raise InvalidValueError."""
    visibility = fields.get("visibility", "")
    if visibility not in set(Visibility):
        message = "Choose who may see the product."
        raise InvalidValueError(message, field="visibility")
    return Visibility(visibility)


def chosen_groups(fields: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the groups that were selected."""
    return tuple(name.removeprefix(_GROUP) for name in fields if name.startswith(_GROUP))


def groups_on_offer(services: WebServices, identity: Identity, product: Product | None = None) -> tuple[str, ...]:
    """Return the names of the groups to choose from: the caller's, and those that the product is shared with."""
    shared = () if product is None else product.groups
    return tuple(sorted({group.name for group in services.accounts.groups.groups(identity)} | set(shared)))


def disclosures_by_reader(services: WebServices, identity: Identity, product: Product) -> tuple[tuple[str, str], ...]:
    """Return the possible readers of a product and its co-owners, each with the inputs that they may not read."""

    def of_visibility(visibility: Visibility, *chosen: str) -> Disclosure:
        return disclosure(services, identity, product, visibility=visibility, groups=chosen)

    def of_reader(reader: Identity) -> Disclosure:
        return disclosure(services, identity, product, (reader,))

    found = [
        ("Registered users", of_visibility(Visibility.REGISTERED)),
        ("People who are not signed in, or have a link,", of_reader(ANONYMOUS)),
    ]
    found += [
        (f"Members of {group}", of_visibility(Visibility.GROUPS, group))
        for group in groups_on_offer(services, identity, product)
    ]
    for name in product.co_owners:
        with suppress(NotFoundError):  # a closed account reads nothing
            found.append((f"The co-owner {name}", of_reader(services.accounts.service.identity_of_user(name))))
    return tuple((readers, each.listed) for readers, each in found if each)


def visibility_values(product: Product) -> dict[str, str]:
    """Return the values of the form fields for a product's visibility."""
    return {"visibility": product.visibility.value} | {f"{_GROUP}{name}": "1" for name in product.groups}
