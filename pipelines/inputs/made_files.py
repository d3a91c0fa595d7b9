"""Files that runs of this server made, known by the checksum that was recorded when they were made."""

from collections.abc import Callable, Mapping
from typing import Any

from products.provenance import ProvenanceService

__all__ = ["MADE_FILE", "FactsOf", "facts_of"]

#: Key of the configuration of an activity under which a run records what it knows of the file that it made.
MADE_FILE = "made_file"

#: Returns what was recorded of the file with a checksum that is the main file of a product, by the product's number.
FactsOf = Callable[[int, str], Mapping[str, Any] | None]


def facts_of(provenance: ProvenanceService) -> FactsOf:
    """Return the look-up in the records of activities, which jobs of this server alone write."""

    def found(product_id: int, sha256: str) -> Mapping[str, Any] | None:
        activity = provenance.activity(product_id)
        facts = None if activity is None else activity.configuration.get(MADE_FILE)
        return facts if isinstance(facts, Mapping) and facts.get("sha256") == sha256 else None

    return found
