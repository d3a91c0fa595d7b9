"""Modules that decide who may do what, the tests that must notice their mutants, and the equivalent mutants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True)
class Target:
    """One module.

    Parameters
    ----------
    tests
        Files or tests, the quickest first.
    functions
        Functions and methods whose mutants count; all when there are none.
    equivalent
        Beginnings of the names of mutants that decide the same, without their lines, each with the reason.
    """

    tests: Sequence[str]
    functions: Sequence[str] = ()
    equivalent: Mapping[str, str] = field(default_factory=dict)


_RIGHTS = "tests/vospace/rights"
_AUTH = "tests/core/auth"
_TABLES = "tests/products/user_tables/test_access_matrix.py"

TARGETS: Mapping[str, Target] = {
    "vospace/rights/decisions.py": Target((f"{_RIGHTS}/test_decisions.py",)),
    "vospace/rights/sharing.py": Target((f"{_RIGHTS}/test_sharing.py",)),
    "vospace/access.py": Target((f"{_RIGHTS}/test_access.py",)),
    "vospace/home/sharing.py": Target((f"{_RIGHTS}/test_sharing.py", f"{_RIGHTS}/test_groups.py")),
    "products/access.py": Target(
        ("tests/products/test_access.py", _TABLES),
        equivalent={
            f"{condition} -> ({comparison})": "no row has NULL there: a comparison with None holds for none"
            for comparison, condition in (
                (
                    f"{column} == identity.{value}",
                    f"false() if identity.{value} is None else {column} == identity.{value}",
                )
                for column, value in (("ProductRow.owner_id", "user_id"), ("ProductRow.id", "linked_product"))
            )
        },
    ),
    "products/user_tables/service.py": Target((_TABLES,), ("_find_schema", "_require_owner", "require_quota")),
    "core/identifiers.py": Target(("tests/core/test_identifiers.py",)),
    "core/auth/models.py": Target(("tests/core/auth/test_models.py",)),
    "core/auth/groups.py": Target(
        (f"{_AUTH}/test_groups.py",),
        equivalent={
            "session.execute(select(GroupRow.id)": "the lock of a row has no effect on SQLite; test_races tries it",
            "GroupRow.id == group_id -> (GroupRow.id != group_id)": "which row is locked has no effect on SQLite",
            "session.refresh(row) -> pass": "two sessions at once are needed; test_races tries it",
            "session.flush() -> pass": "the look-up of the user, which follows, flushes as well",
        },
    ),
    "core/auth/administration.py": Target(
        (f"{_AUTH}/test_administration.py",),
        equivalent={
            "session.execute(select(UserRow.id)": "the lock of rows has no effect on SQLite",
            "session.flush() -> pass": "the count of administrators, which follows, flushes as well",
            "session.refresh(row, with_for_update": "only a change by another session between two statements differs",
        },
    ),
    "core/auth/credentials.py": Target((f"{_AUTH}/test_credentials.py", f"{_AUTH}/test_service.py")),
    "core/auth/service.py": Target((f"{_AUTH}/test_service.py", f"{_AUTH}/test_sign_in.py")),
    "vospace/home/changes.py": Target(
        (f"{_RIGHTS}/test_changes.py", "tests/vospace/home/test_nodes.py", f"{_RIGHTS}/test_matrix.py"),
        equivalent={
            "session.refresh(row) -> pass": "what is not loaded of a row is loaded when it is read",
            "session.flush() -> pass": "queries and the commit flush as well",
            "raise DuplicateNodeError(path) from e -> pass": "two requests at once are needed",
            "raise NodeNotFoundError(path) -> pass": "a missing node is reported before, or its folder is",
            "list(subtree(session, row))[1:] if operation is Operation.OPEN else []": "other changes of properties "
            "need no right on the nodes below",
        },
    ),
}
