"""Sentences about positions that are not ICRS degrees."""

from core.columns import Column
from products.inspection.position_forms import PositionForm
from products.inspection.position_warnings import column_problem, open_question, text_positions


def form(units: tuple[str, str] = ("deg", "deg"), frame: str = "icrs", *, certain: bool = True) -> PositionForm:
    return PositionForm("numbers", ("RA", "DEC"), units, frame, None, "their names", certain)


def test_a_question_names_all_that_the_columns_may_be() -> None:
    question = open_question([form(("hourangle", "deg"), certain=False), form(certain=False)])
    assert question is not None
    assert "'RA', 'DEC' may be hours and degrees, ICRS or degrees, ICRS" in question
    assert open_question([form(), form(certain=False)]) is None
    assert open_question([]) is None


def test_columns_are_no_position_when_their_form_is_another_one() -> None:
    other = form(frame="galactic")
    problem = column_problem("RA", "DEC", [other], ("ra", "dec"), form=other)
    assert problem is not None
    assert "choose 'ra' and 'dec'" in problem
    assert column_problem("ra", "dec", [other], ("ra", "dec"), form=other) is None
    assert column_problem("RA", "DEC", [form()], (), form=None) is None
    assert column_problem("x", "y", [other], (), form=None) is None
    mixed = column_problem("RA", "y", [other], (), form=None)
    assert mixed is not None
    assert "convert them" in mixed


def test_text_that_no_form_explains_is_told() -> None:
    columns = [Column("RA", "char", "*"), Column("DEC", "char", "*"), Column("z", "double")]
    sentences = list(text_positions(columns, [], []))
    assert ["'RA'" in sentences[0], "'DEC'" in sentences[1]] == [True, True]
    assert list(text_positions(columns, [form()], [])) == []
    assert list(text_positions(columns, [], ["ra", "dec"])) == []
