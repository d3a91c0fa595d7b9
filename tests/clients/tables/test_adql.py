import pytest
from pzserver.tables.adql import conditions_of, delimited, in_cone, literal, rows_query


def test_quotes_in_values_and_names_are_doubled():
    assert literal("O'Hara") == "'O''Hara'"
    assert delimited('a"b') == '"a""b"'


def test_all_words_of_a_filter_must_occur_and_one_is_enough_with_or():
    assert conditions_of({"product_name": ["A", "b'"]}) == [
        "((LOWER(display_name) LIKE '%a%') AND (LOWER(display_name) LIKE '%b''%'))"
    ]
    assert conditions_of({"product_name__or": ["a", "b"]}) == [
        "((LOWER(display_name) LIKE '%a%') OR (LOWER(display_name) LIKE '%b%'))"
    ]


def test_numbers_and_truths_are_never_texts():
    assert conditions_of({"id": "7", "official_product": True}) == ["product_id IN (7)", "official = 1"]
    with pytest.raises(ValueError, match="1 OR 1"):
        conditions_of({"id": "1 OR 1=1"})


def test_an_unknown_filter_is_answered_with_those_that_there_are():
    with pytest.raises(ValueError, match=r"'colour' is not a filter; .*product_type.*internal_name"):
        conditions_of({"colour": "red"})


def test_a_cone_of_some_columns():
    cone = in_cone("RA", "Dec", (10, -5.5, 0.1))

    assert cone == '1 = CONTAINS(POINT("RA", "Dec"), CIRCLE(10.0, -5.5, 0.1))'
    assert rows_query("s.t", ["z"], cone) == f'SELECT "z" FROM s.t WHERE {cone}'
    assert rows_query("s.t", None, None) == "SELECT * FROM s.t"
