import pytest

from webui.pages.rendering.markdown import render_markdown


def test_markdown_becomes_html():
    html = render_markdown("A **deep** survey.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert "<strong>deep</strong>" in html
    assert "<td>2</td>" in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "a <b onmouseover=alert(1)>b</b>",
        '<svg/onload="alert(1)">',
        "<!-- x --><iframe src=//evil.example>",
    ],
)
def test_html_is_shown_as_text(text: str):
    html = render_markdown(text)
    for tag in ("<script", "<img", "<b ", "<svg", "<iframe", "<!--"):
        assert tag not in html


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "vbscript:x", "data:text/html,<b>", "java&#115;cript:alert(1)"],
)
def test_addresses_that_run_scripts_are_no_links(address: str):
    assert "href" not in render_markdown(f"[x]({address}) <{address}>")


def test_links_open_a_new_tab_and_are_not_followed():
    html = render_markdown("[x](https://example.org/)")
    assert html == ('<p><a href="https://example.org/" rel="nofollow noopener noreferrer" target="_blank">x</a></p>\n')


def test_pictures_become_links_because_nothing_loads_from_elsewhere():
    html = render_markdown('![N(z)"](https://example.org/a.png)')
    assert "<img" not in html
    assert 'href="https://example.org/a.png"' in html


def test_headings_stand_below_those_of_the_page():
    assert render_markdown("# Title").strip() == "<h3>Title</h3>"
    assert render_markdown("###### Low").strip() == "<h6>Low</h6>"


def test_code_and_tables_take_the_focus_so_that_keys_scroll_them():
    html = render_markdown("```\na\n```\n\n    b\n\n| a |\n|---|\n| 1 |\n\n| b |\n|---|\n| 2 |\n")
    assert html.count('<pre tabindex="0">') == 2
    for number in (1, 2):
        assert f'<div class="scroll" tabindex="0" role="region" aria-label="Table {number}"><table>' in html
    assert render_markdown("| a |\n|---|\n").count("Table 1") == 1
