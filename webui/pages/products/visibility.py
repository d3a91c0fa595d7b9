"""Who may see a product, as forms ask it: a visibility, and groups to choose from."""

from collections.abc import Mapping
from contextlib import suppress

from core.auth.models import ANONYMOUS, Identity
from core.errors import InvalidValueError, NotFoundError
from products.models import Product, Visibility
from products.provenance import Disclosure
from webui.api.representations.disclosures import disclosure
from webui.services import WebServices

__all__ = ["chosen_groups", "chosen_visibility", "disclosed_to", "groups_on_offer", "visibility_values"]

#: How the names of the fields begin that stand for one group each.
_GROUP = "group:"


def chosen_visibility(fields: Mapping[str, str]) -> Visibility:
    """Read the visibility of a form, or raise InvalidValueError."""
    visibility = fields.get("visibility", "")
    if visibility not in set(Visibility):
        message = "Choose who may see the product."
        raise InvalidValueError(message, field="visibility")
    return Visibility(visibility)


def chosen_groups(fields: Mapping[str, str]) -> tuple[str, ...]:
    """Read the names of the groups that were ticked."""
    return tuple(name.removeprefix(_GROUP) for name in fields if name.startswith(_GROUP))


def groups_on_offer(services: WebServices, identity: Identity, product: Product | None = None) -> tuple[str, ...]:
    """Return the names of the groups that a form offers: the caller's, and those that the product is shared with."""
    shared = () if product is None else product.groups
    return tuple(sorted({group.name for group in services.accounts.groups.groups(identity)} | set(shared)))


def disclosed_to(services: WebServices, identity: Identity, product: Product) -> tuple[tuple[str, str], ...]:
    """Return the readers that a product can be opened to, and its co-owners, with its inputs that they may not read."""

    def told(visibility: Visibility, *chosen: str) -> Disclosure:
        return disclosure(services, identity, product, visibility=visibility, groups=chosen)

    def told_to(reader: Identity) -> Disclosure:
        return disclosure(services, identity, product, (reader,))

    found = [
        ("Registered users", told(Visibility.REGISTERED)),
        ("People who are not signed in, or have a link,", told_to(ANONYMOUS)),
    ]
    found += [
        (f"Members of {group}", told(Visibility.GROUPS, group))
        for group in groups_on_offer(services, identity, product)
    ]
    for name in product.co_owners:
        with suppress(NotFoundError):  # a closed account reads nothing
            found.append((f"The co-owner {name}", told_to(services.accounts.service.identity_of_user(name))))
    return tuple((readers, each.listed) for readers, each in found if each)


def visibility_values(product: Product) -> dict[str, str]:
    """Return what a form shows of a product's visibility."""
    return {"visibility": product.visibility.value} | {f"{_GROUP}{name}": "1" for name in product.groups}
