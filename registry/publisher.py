"""What all records of this server have in common: identifiers, publisher, contact and addresses."""

from dataclasses import dataclass
from functools import cached_property

from core.settings import Settings
from registry.identifiers import RecordIdentifiers
from registry.models import Contact, Curation, RelatedTarget

__all__ = ["AUTHORITY", "ORGANISATION", "REGISTRY", "TAP", "Publisher"]

#: Paths of the records that others refer to.
AUTHORITY, ORGANISATION, REGISTRY, TAP = "", "organisation", "registry", "tap"


@dataclass(frozen=True)
class Publisher:
    """The publisher of all records, which is the operator of this server."""

    settings: Settings

    @cached_property
    def identifiers(self) -> RecordIdentifiers:
        """The identifiers of its authority."""
        return RecordIdentifiers(self.settings.authority)

    @property
    def name(self) -> str:
        """Its name, that of the publisher."""
        return self.settings.site_name

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return self.settings.public_url

    @cached_property
    def email(self) -> str:
        """Where its operators are reached; every domain has a postmaster (RFC 2142 §5)."""
        contact = self.settings.contact.removeprefix("mailto:")
        return contact if "@" in contact and "://" not in contact else f"postmaster@{self.settings.authority}"

    @cached_property
    def curation(self) -> Curation:
        """The curation of its own records."""
        return Curation(self.name, Contact(self.name, self.email))

    @cached_property
    def organisation(self) -> RelatedTarget:
        """The organisation that runs it."""
        return RelatedTarget(self.name, self.identifiers.of(ORGANISATION))
