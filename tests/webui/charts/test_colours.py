"""Colours of the charts on pages, in both themes."""

import re
from pathlib import Path

import pytest

import webui
from tests.support.contrast import contrast

_STYLES = (Path(webui.__file__).parent / "static/site.css").read_text(encoding="utf-8")
_LIGHT, _DARK = re.findall(r"(?s):root \{(.*?)\n\s*\}", _STYLES)


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))


@pytest.mark.parametrize("theme", [_LIGHT, _DARK], ids=["light", "dark"])
def test_lines_of_charts_are_seen_in_both_themes(theme: str):
    colours = _colours(theme)
    lines = [name for name in colours if re.fullmatch(r"curve-\d|level-[345]|focus|soft", name)]
    assert len(lines) == 6 + 3 + 2
    for name in lines:
        for ground in ("panel", "ground"):
            assert contrast(colours[name], colours[ground]) >= 3, (name, ground)


def test_no_chart_has_a_colour_of_one_theme_alone():
    rules = re.findall(r"(?m)^\.(?:plot|level)[^{]*\{[^}]*\}", _STYLES)
    assert len(rules) > 15
    assert [rule for rule in rules if "#" in rule] == []
