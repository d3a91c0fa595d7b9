import pytest

from core.markdown import plain_text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("", ""),
        ("plain, with 2 * 3 and a_b_c", "plain, with 2 * 3 and a_b_c"),
        ("**These data are simulated**: *i* < 24, `ZWARN` is 0.", "These data are simulated: i < 24, ZWARN is 0."),
        ("# Title\n\none\ntwo\n\n- a\n- b", "Title one two a b"),
        ("[the paper](https://example.org/p) ![N(z)](nz.png)", "the paper N(z)"),
        ("```\nSELECT 1\n```", "SELECT 1"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"),
        ("<b>no</b> &amp; ~~gone~~", "<b>no</b> & gone"),
    ],
)
def test_the_words_stay_without_their_markup(markdown: str, text: str):
    assert plain_text(markdown) == text
