"""Attributions as lines of text: read, checked and written back."""

import pytest

from core.errors import InvalidValueError
from products.attribution import Attribution, Author, Award, Keyword, RelationKind, RelationRequest, checked_attribution
from products.attribution.lines import (
    author_line,
    authors_of_lines,
    award_line,
    awards_of_lines,
    keyword_line,
    keywords_of_lines,
    relations_of_lines,
)

_ORCID = "0000-0002-1825-0097"


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("Carvalho, Ana", Author(name="Carvalho, Ana")),
        (f"Carvalho, Ana; {_ORCID}; LIneA; Rio", Author(name="Carvalho, Ana", orcid=_ORCID, affiliation="LIneA; Rio")),
        (
            f"Carvalho, Ana;LIneA;https://orcid.org/{_ORCID}",
            Author(name="Carvalho, Ana", orcid=_ORCID, affiliation="LIneA"),
        ),
        ("LSST DESC; ;", Author(name="LSST DESC")),
    ],
)
def test_an_author_is_a_line(line: str, author: Author):
    (checked,) = checked_attribution(Attribution(authors=authors_of_lines(f"\n {line}\r\n"))).authors
    assert checked == author
    assert authors_of_lines(author_line(checked)) == (checked,)


def test_a_damaged_orcid_is_an_orcid_and_no_affiliation():
    with pytest.raises(InvalidValueError, match="0000-0002-1825-0098"):
        checked_attribution(Attribution(authors=authors_of_lines("Carvalho, Ana; LIneA; 0000-0002-1825-0098")))
    with pytest.raises(InvalidValueError, match="is not an ORCID iD"):
        checked_attribution(Attribution(authors=authors_of_lines("Carvalho, Ana; https://orcid.org/0000-0002")))


@pytest.mark.parametrize(
    ("line", "keyword"),
    [
        ("Redshift surveys (1378)", Keyword(text="Redshift surveys", uat=1378)),
        ("Redshift surveys (http://astrothesaurus.org/uat/1378)", Keyword(text="Redshift surveys", uat=1378)),
        ("photo-z (draft)", Keyword(text="photo-z (draft)")),
    ],
)
def test_a_keyword_has_the_number_of_its_concept(line: str, keyword: Keyword):
    (checked,) = checked_attribution(Attribution(keywords=keywords_of_lines(line))).keywords
    assert checked == keyword
    assert checked_attribution(Attribution(keywords=keywords_of_lines(keyword_line(checked)))).keywords == (checked,)


def test_funding_is_a_line_and_what_is_given_twice_is_kept_once():
    given = awards_of_lines("CNPq; 465376/2014-2\nFAPERJ\nCNPq;465376/2014-2")
    checked = checked_attribution(Attribution(funding=given)).funding
    assert checked == (Award(funder="CNPq", award="465376/2014-2"), Award(funder="FAPERJ"))
    assert awards_of_lines("\n".join(map(award_line, checked))) == checked


def test_a_relation_is_a_line():
    found = relations_of_lines("isderivedfrom: 12_vvds\nCites   10.1000/x y\n")
    assert found == (
        RelationRequest(kind=RelationKind.IS_DERIVED_FROM, target="12_vvds"),
        RelationRequest(kind=RelationKind.CITES, target="10.1000/x y"),
    )
    for line in ("12_vvds", "Cites", "IsPartOf 12_vvds"):
        with pytest.raises(InvalidValueError, match=f"'{line}' is not a relation") as caught:
            relations_of_lines(line)
        assert caught.value.field == "related"


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        (Attribution(authors=(Author(name=" "),)), "authors", "the name of an author"),
        (Attribution(authors=(Author(name="x" * 256),)), "authors", "at most 255 characters"),
        (Attribution(authors=(Author(name="x", affiliation="y" * 501),)), "authors", "at most 500 characters"),
        (Attribution(authors=tuple(Author(name=f"{i}") for i in range(501))), "authors", "at most 500"),
        (Attribution(funding=(Award(funder="", award="7"),)), "funding", "the name of a funder"),
        (Attribution(keywords=(Keyword(text="x", uat=0),)), "keywords", "'0' is not the number"),
        (Attribution(keywords=(Keyword(text="\0"),)), "keywords", "a keyword"),
    ],
)
def test_a_value_that_cannot_be_kept_names_its_field(given: Attribution, field: str, sentence: str):
    with pytest.raises(InvalidValueError, match=sentence) as caught:
        checked_attribution(given)
    assert caught.value.field == field
