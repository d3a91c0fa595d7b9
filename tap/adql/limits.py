"""Limits of one translation: geometric tests, regions covered with cells, coverage maps."""

from dataclasses import dataclass

from tap.adql.errors import Position, QueryError

__all__ = ["MAX_COVERINGS", "MAX_MAPS", "MAX_TESTS", "Limits"]

#: Most geometric tests and distances of one query, most regions that are covered with cells, and most coverage maps.
MAX_TESTS = 500
MAX_COVERINGS = 200
MAX_MAPS = 50


@dataclass(slots=True)
class Limits:
    """Counters of what one translation has made so far, each with its limit."""

    tests: int = 0
    coverings: int = 0
    maps: int = 0

    def count_test(self, at: Position) -> None:
        """Count a geometric test.

        Raises
        ------
        QueryError
            There are more than are translated in reasonable time.
        """
        self.tests += 1
        if self.tests > MAX_TESTS:
            advice = "upload the positions as a table and join with it"
            raise QueryError(f"The query has more than {MAX_TESTS} geometric tests", at, advice)

    def may_cover(self) -> bool:
        """Count a region to be covered with cells, which takes milliseconds; False when it is to be tested alone."""
        self.coverings += 1
        return self.coverings <= MAX_COVERINGS

    def count_map(self, at: Position) -> None:
        """Count a coverage map.

        Raises
        ------
        QueryError
            There are more than are made for one query.
        """
        self.maps += 1
        if self.maps > MAX_MAPS:
            raise QueryError(f"The query has more than {MAX_MAPS} coverage maps", at, "join them into one")
