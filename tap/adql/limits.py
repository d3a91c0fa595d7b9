"""Limits of one translation: geometric tests, regions covered by HEALPix cells, coverage maps."""

from dataclasses import dataclass

from tap.adql.errors import Position, QueryError

__all__ = ["MAX_COVERINGS", "MAX_MAPS", "MAX_TESTS", "Limits"]

#: Most geometric tests and distances, regions covered by HEALPix cells, and coverage maps of one query.
MAX_TESTS = 500
MAX_COVERINGS = 200
MAX_MAPS = 50


@dataclass(slots=True)
class Limits:
    """Counters of one translation, each with its limit."""

    tests: int = 0
    coverings: int = 0
    maps: int = 0

    def count_test(self, at: Position) -> None:
        """Count a geometric test.

        Raises
        ------
        QueryError
            The query has more than `MAX_TESTS`.
        """
        self.tests += 1
        if self.tests > MAX_TESTS:
            advice = "upload the positions as a table and join with it"
            raise QueryError(f"The query has more than {MAX_TESTS} geometric tests", at, advice)

    def may_cover(self) -> bool:
        """Count a region to be covered by cells, which takes milliseconds; return False above the limit."""
        self.coverings += 1
        return self.coverings <= MAX_COVERINGS

    def count_map(self, at: Position) -> None:
        """Count a coverage map.

        Raises
        ------
        QueryError
            The query has more than `MAX_MAPS`.
        """
        self.maps += 1
        if self.maps > MAX_MAPS:
            raise QueryError(f"The query has more than {MAX_MAPS} coverage maps", at, "join them into one")
