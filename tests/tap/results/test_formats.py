import pytest

from core.errors import InvalidValueError
from tap.results import DEFAULT_FORMAT, RESULT_FORMATS, format_for


@pytest.mark.parametrize("asked", [None, "", "votable", "VOTable", "application/x-votable+xml", "votable/b2"])
def test_votable_is_the_default(asked):
    found = format_for(asked)
    assert found.write is DEFAULT_FORMAT.write
    assert found.content_type == "application/x-votable+xml"


@pytest.mark.parametrize(
    ("asked", "name", "content_type"),
    [
        ("text/xml", "votable-tabledata", "text/xml"),
        ("application/x-votable+xml; serialization=tabledata", "votable-tabledata",
         "application/x-votable+xml;serialization=TABLEDATA"),
        ("application/x-votable+xml;serialization=BINARY2", "votable",
         "application/x-votable+xml;serialization=BINARY2"),
        ("votable/b", "votable-binary", "application/x-votable+xml;serialization=BINARY"),
        ("CSV", "csv", "text/csv;header=present"),
        ("text/csv", "csv", "text/csv"),
        ("text/csv; header=present", "csv", "text/csv;header=present"),
        ("tsv", "tsv", "text/tab-separated-values"),
        ("text", "tsv", "text/tab-separated-values"),
        ("text/plain", "tsv", "text/plain"),
        ("application/x-parquet", "parquet", "application/x-parquet"),
        ("parquet", "parquet", "application/vnd.apache.parquet"),
        ("FITS", "fits", "application/fits"),
        ("application/json", "json", "application/json"),
        ("arrow", "arrow", "application/vnd.apache.arrow.stream"),
        ("text/html", "html", "text/html"),
        ("html", "html", "text/html;charset=utf-8"),
        ("ecsv", "ecsv", "text/x-ecsv"),
    ],
)  # fmt: skip
def test_the_media_type_asked_for_comes_back(asked, name, content_type):
    found = format_for(asked)
    assert found.write is RESULT_FORMATS[name].write
    assert found.content_type == content_type


@pytest.mark.parametrize("asked", ["pdf", "text/csv;header=absent", "text/json", "b2"])
def test_an_unknown_format_is_refused_with_those_that_there_are(asked):
    with pytest.raises(InvalidValueError) as caught:
        format_for(asked)
    for name in (asked, "csv", "votable/td", "application/vnd.apache.parquet"):
        assert name in caught.value.message
