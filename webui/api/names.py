"""Numbers of resources that requests give by number or by name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from core.auth.models import Identity
from core.errors import InvalidValueError
from products.models import ProductStatus, Release
from products.product_types import product_type_by_name
from products.search.queries import ProductQuery
from webui.services import WebServices

__all__ = ["Names"]

_MAX_DIGITS = 9
_LISTED = 12


class Names:
    """Names of resources, as one user may see them; each method also takes a number as text.

    It is made for one request: what it has read from the database is not read again.

    All methods raise InvalidValueError, which names the parameter, when there is nothing of the name.
    """

    def __init__(self, services: WebServices, identity: Identity) -> None:
        self._services = services
        self._identity = identity

    def product_type(self, text: str) -> int:
        """Return the number of a product type."""
        number = _number(text, "product_type")
        return product_type_by_name(text).id if number is None else number

    def release(self, text: str) -> int:
        """Return the number of a release."""
        number = _number(text, "release")
        if number is not None:
            return number
        numbers = {release.name: release.id for release in self._releases}
        if text not in numbers:
            known = f"The releases are {', '.join([*numbers][:_LISTED])}." if numbers else "There are no releases."
            message = f"There is no release '{text[:80]}'. {known}"
            raise InvalidValueError(message, field="release")
        return numbers[text]

    def releases_with(self, words: Iterable[str], enough: Callable[[Iterable[bool]], bool]) -> frozenset[int]:
        """Return the numbers of the releases whose names contain the words, all or any of them."""
        texts = {each.id: f"{each.name}\n{each.display_name}".lower() for each in self._releases}
        return frozenset(number for number, text in texts.items() if enough(word in text for word in words))

    def user(self, text: str) -> int:
        """Return the number of an account."""
        number = _number(text, "user")
        if number is not None:
            return number
        if text in self._users:
            return self._users[text]
        message = f"There is no user '{text[:80]}' who shares products or groups with you; /api/users lists them."
        raise InvalidValueError(message, field="user")

    def product(self, text: str, parameter: str = "product") -> int:
        """Return the number of a product, which is named by its internal name."""
        number = _number(text, parameter)
        if number is not None:
            return number
        found = self._services.products.service.list(self._identity, ProductQuery(internal_names=(text,))).products
        if not found:
            message = f"There is no product '{text[:80]}'. Give its number or its internal name, such as 68_tsm."
            raise InvalidValueError(message, field=parameter)
        return found[0].id

    def status(self, text: str) -> int:
        """Return the number of a status of products."""
        number = _number(text, "status")
        if number is not None:
            return number
        for status in ProductStatus:
            if text.lower() in {status.name.lower(), status.label.lower()}:
                return int(status)
        labels = ", ".join(status.label for status in ProductStatus)
        message = f"'{text[:80]}' is not a status; the statuses are {labels}."
        raise InvalidValueError(message, field="status")

    @cached_property
    def _releases(self) -> Sequence[Release]:
        return self._services.products.service.releases(self._identity)

    @cached_property
    def _users(self) -> Mapping[str, int]:
        return {user.name: user.id for user in self._services.products.service.visible_accounts(self._identity)}


def _number(text: str, field: str) -> int | None:
    if not (text.isascii() and text.isdecimal()):
        return None
    if len(text) > _MAX_DIGITS:
        message = f'Invalid pk "{text[:40]}" - object does not exist.'
        raise InvalidValueError(message, field=field)
    return int(text)
