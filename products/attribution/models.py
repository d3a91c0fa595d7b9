"""Models of the attribution of a product; the terms are those of DataCite 4.6."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from products.attribution.identifiers import address_of

__all__ = [
    "Attribution",
    "AttributionChanges",
    "Author",
    "Award",
    "Keyword",
    "Relation",
    "RelationKind",
    "RelationRequest",
]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Author(_Model):
    """An author of a product, a person or a collaboration (DataCite: creator)."""

    name: str = Field(description="Name; that of a person as *Family, Given*.")
    orcid: str = Field("", description="ORCID iD with its hyphens.")
    affiliation: str = ""


class Award(_Model):
    """Funding of the work behind a product (DataCite: fundingReference)."""

    funder: str = Field(description="Name of the funder.")
    award: str = Field("", description="Number or title of the grant.")


class Keyword(_Model):
    """A keyword, a concept of the Unified Astronomy Thesaurus if it has a number there."""

    text: str
    uat: int | None = Field(None, description="Number of the concept in the Unified Astronomy Thesaurus.")

    @property
    def address(self) -> str | None:
        """The URI of the concept."""
        return None if self.uat is None else f"http://astrothesaurus.org/uat/{self.uat}"


class RelationKind(StrEnum):
    """Relation of a product to another one, or to a resource elsewhere (DataCite: relationType)."""

    IS_DERIVED_FROM = "IsDerivedFrom"
    IS_NEW_VERSION_OF = "IsNewVersionOf"
    CITES = "Cites"
    IS_SUPPLEMENT_TO = "IsSupplementTo"

    @property
    def label(self) -> str:
        """Display name."""
        return _RELATION_LABELS[self]


_RELATION_LABELS = {
    RelationKind.IS_DERIVED_FROM: "Derived from",
    RelationKind.IS_NEW_VERSION_OF: "New version of",
    RelationKind.CITES: "Cites",
    RelationKind.IS_SUPPLEMENT_TO: "Supplement to",
}


class Relation(_Model):
    """A stored relation: to a product of this server by its number, or to a DOI or an address."""

    kind: RelationKind
    product: int | None = None
    identifier: str = ""


class RelationRequest(_Model):
    """A relation as it is entered.

    The target is the internal name or the number of a product of this server, a DOI, or an address (URL).
    """

    kind: RelationKind
    target: str


class Attribution(_Model):
    """The attribution of a product."""

    authors: tuple[Author, ...] = ()
    license: str = ""
    references: tuple[str, ...] = ()
    funding: tuple[Award, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    related: tuple[Relation, ...] = ()
    doi: str = ""

    @property
    def license_address(self) -> str | None:
        """The page of the licence at SPDX; None for an expression of several."""
        return f"https://spdx.org/licenses/{self.license}.html" if self.license and " " not in self.license else None

    @property
    def doi_address(self) -> str | None:
        """The address that resolves the DOI."""
        return address_of(self.doi) if self.doi else None

    @property
    def external(self) -> tuple[Relation, ...]:
        """The relations to resources elsewhere, which every reader of the product may see."""
        return tuple(relation for relation in self.related if relation.product is None)


class AttributionChanges(_Model):
    """Changes of an attribution; None leaves a value as it is."""

    authors: tuple[Author, ...] | None = None
    license: str | None = None
    references: tuple[str, ...] | None = None
    funding: tuple[Award, ...] | None = None
    keywords: tuple[Keyword, ...] | None = None
    related: tuple[RelationRequest, ...] | None = None
    doi: str | None = None
