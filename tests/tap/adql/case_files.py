"""Reader of the pairs of queries and rows in ``cases``."""

import ast
from collections.abc import Iterator
from pathlib import Path

__all__ = ["pairs"]

_CASES = Path(__file__).parent / "cases"


def pairs() -> Iterator[tuple[str, str, list[tuple]]]:
    """Give the name, the query and the rows of each case."""
    for path in sorted(_CASES.glob("*.sql")):
        for block in path.read_text().split("-- case: ")[1:]:
            name, *lines = block.splitlines()
            rows = [ast.literal_eval(line[4:]) for line in lines if line.startswith("--> ")]
            yield name, "\n".join(line for line in lines if not line.startswith("--> ")), rows
