"""The decision table: that of the documentation is that of the code, and it decides as it says."""

from itertools import product
from pathlib import Path

import pytest

from vospace.rights.decisions import RULES, Decision, Operation, Right, Rule, decide

DOCUMENT = Path(__file__).parents[3] / "docs/vospace.md"


def documented() -> dict[str, tuple[str, ...]]:
    """Give the table of operations in the documentation."""
    lines = DOCUMENT.read_text().partition("| operation | on its container |")[2].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[: lines.index("")]]
    return {row[0]: tuple(row[1:]) for row in rows}


def test_the_documented_table_is_that_of_the_code():
    names = {Right.NONE: "", **{right: right.name.lower() for right in (Right.READ, Right.WRITE, Right.OWN)}}
    in_code = {str(operation): (names[r.container], names[r.node], names[r.below]) for operation, r in RULES.items()}
    assert documented() == in_code
    assert set(RULES) == set(Operation)


@pytest.mark.parametrize("operation", Operation)
def test_each_combination_of_rights_is_decided_by_the_minimum_of_each(operation: Operation):
    words = ("none", "read", "write", "own")
    needed = [words.index(word or "none") for word in documented()[operation]]
    for container, node, below in product(range(4), range(4), range(4)):
        given = (Right(container), Right(node), (Right.OWN, Right(below)))
        if container == 0 or node == 0:
            expected = Decision.HIDDEN
        elif container >= needed[0] and node >= needed[1] and below >= needed[2]:
            expected = Decision.ALLOWED
        else:
            expected = Decision.DENIED
        assert decide(operation, *given) is expected, given


@pytest.mark.parametrize(
    ("right", "decision"), [(Right.NONE, "HIDDEN"), (Right.READ, "DENIED"), (Right.WRITE, "ALLOWED")]
)
def test_what_does_not_exist_is_created_by_writers_of_its_container(right: Right, decision: str):
    assert decide(Operation.CREATE, right, None) is Decision[decision]


def test_a_rule_reads_as_a_list():
    assert str(Rule(Right.READ, Right.WRITE)) == "read permission on its container and write permission on it"
    assert str(RULES[Operation.CREATE]) == "write permission on its container"
    assert str(RULES[Operation.MOVE_OUT]) == (
        "write permission on its container, ownership of it and ownership of each node below it"
    )
