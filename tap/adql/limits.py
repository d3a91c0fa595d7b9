"""Limits of one translation: the size of its text, its tables and columns, geometry, and time."""

import time
from dataclasses import dataclass, field

from tap.adql.errors import Position, QueryError

__all__ = [
    "MAX_ARGUMENTS",
    "MAX_COLUMNS",
    "MAX_COVERINGS",
    "MAX_ITEMS",
    "MAX_MAPS",
    "MAX_NESTING",
    "MAX_QUERY_BYTES",
    "MAX_SECONDS",
    "MAX_STACKS",
    "MAX_TABLES",
    "MAX_TERMS",
    "MAX_TESTS",
    "MAX_TOKENS",
    "MAX_VALUES",
    "Limits",
    "yield_to_other_threads",
]

#: Longest query, in bytes of UTF-8.
MAX_QUERY_BYTES = 256_000

#: Most words, numbers and signs of a query.
MAX_TOKENS = 25_000

#: Deepest nesting of parentheses and CASE.
MAX_NESTING = 40

#: Longest lists: columns of a SELECT, values of IN, arguments of a function (a polygon of 1000 vertices and its frame),
#: and other terms.
MAX_ITEMS = 5_000
MAX_VALUES = 10_000
MAX_ARGUMENTS = 2_001
MAX_TERMS = 500

#: Most tables that all FROM together name, and columns that all SELECT together have, those of * included.
MAX_TABLES = 300
MAX_COLUMNS = 10_000

#: Most geometric tests and distances, regions covered by HEALPix cells, and coverage maps of one query.
MAX_TESTS = 500
MAX_COVERINGS = 200
MAX_MAPS = 50

#: Most stacks of densities of one query, each of which may be a thousand sums.
MAX_STACKS = 20

#: Longest processor time of a translation, in seconds.
MAX_SECONDS = 5.0

_STEPS = 64


@dataclass(slots=True)
class Limits:
    """Counters of one translation, each with its limit."""

    tests: int = 0
    coverings: int = 0
    maps: int = 0
    stacks: int = 0
    tables: int = 0
    columns: int = 0
    steps: int = 0
    #: Processor time of this thread: how busy the machine is makes no difference.
    began: float = field(default_factory=time.thread_time)

    def step(self) -> None:
        """Count an expression: let other threads run now and then, and check the time.

        Raises
        ------
        QueryError
            The translation has taken longer than `MAX_SECONDS` of processor time.
        """
        self.steps += 1
        if self.steps % _STEPS == 0:
            yield_to_other_threads()
            if time.thread_time() - self.began > MAX_SECONDS:
                raise QueryError("The query takes too long to translate", None, "write a smaller query")

    def count_table(self, at: Position) -> None:
        """Count a table that a FROM names.

        Raises
        ------
        QueryError
            The query names more than `MAX_TABLES`.
        """
        self.tables += 1
        if self.tables > MAX_TABLES:
            raise QueryError(f"The query names more than {MAX_TABLES} tables", at, "write a smaller query")

    def count_columns(self, count: int, at: Position) -> None:
        """Count columns of a SELECT.

        Raises
        ------
        QueryError
            All SELECTs together have more than `MAX_COLUMNS`.
        """
        self.columns += count
        if self.columns > MAX_COLUMNS:
            raise QueryError(f"The query selects more than {MAX_COLUMNS} columns", at, "name those that you need")

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

    def count_stack(self, at: Position) -> None:
        """Count a stack of densities.

        Raises
        ------
        QueryError
            The query has more than `MAX_STACKS`.
        """
        self.stacks += 1
        if self.stacks > MAX_STACKS:
            raise QueryError(f"The query has more than {MAX_STACKS} stacks of densities", at, "use GROUP BY")


def yield_to_other_threads() -> None:
    """Release the lock of the interpreter, so that a long translation does not delay the event loop."""
    time.sleep(0)
