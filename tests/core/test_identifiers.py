"""Identifiers are read whole: those of another authority are never taken for ours."""

import pytest

from core.errors import InvalidValueError
from core.identifiers import GroupIdentifiers, Identifier, split_identifier

GROUPS = GroupIdentifiers("Example.org")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ivo://Example.ORG/gms?a b", Identifier("ivo", "example.org", "/gms?a b")),
        ("VOS://a~vospace/x?y#z", Identifier("vos", "a~vospace", "/x?y#z")),
        ("vos://a", Identifier("vos", "a", "")),
        ("ivo://a?b", Identifier("ivo", "a", "?b")),
        ("ivo:/a/b", None),
        ("a/b", None),
        ("", None),
    ],
)
def test_an_identifier_is_split_into_scheme_authority_and_rest(text: str, parts: Identifier | None):
    assert split_identifier(text) == parts


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("team", "team"), ("a.b@c+d", "a.b@c+d"), ("urn:group", "urn:group"), ("ivo://example.org/gms?team", "team"),
        ("IVO://EXAMPLE.ORG/gms?a%20b", "a b"), (GroupIdentifiers("example.org").of("ä/?"), "ä/?"),
    ],
)  # fmt: skip
def test_groups_of_this_authority_are_read_by_identifier_or_name(text: str, name: str):
    assert GROUPS.name_in(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "ivo://elsewhere.org/gms?team", "ivo://example.org.evil/gms?team", "ivo://evil/example.org/gms?team",
        "ivo://example.org/other?team", "ivo://example.org/gms", "ivo://example.org/gms?", "vos://example.org/gms?team",
        "ivo://user@example.org/gms?team", "gms?team", "?team", "https://example.org/gms?team", "://x",
    ],
)  # fmt: skip
def test_other_identifiers_are_no_groups(text: str):
    with pytest.raises(InvalidValueError, match="group"):
        GROUPS.name_in(text)
