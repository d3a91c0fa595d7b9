"""Specifications of plots as texts, also with odd names of columns, and the plots that tables have at first."""

from itertools import pairwise

import numpy as np
import pytest

from core.columns import Column
from core.errors import InvalidValueError
from webui.explorer.plots.computation import compute_plot, draw_plot
from webui.explorer.plots.defaults import default_plots
from webui.explorer.plots.queries import SelectedRows
from webui.explorer.plots.specifications import PlotSpecification
from webui.explorer.tables import DescribedTable

ODD = (
    "a;b",
    "x,y",
    "g-r",
    "g",
    "r",
    'say "hi"',
    "select",
    "z:1",
    "bins=5",
    "bx",
    "n",
    "v",
    "Mag",
    "mag",
    "λ",
    "'",
    "by_",
)


QUOTED = ['"' + name.replace('"', '""') + '"' for name in ODD]
TEXTS = [f"hist:{name};logcount;bins=10" for name in QUOTED] + [
    f"xy:{one}-{other},{other};colour={one}" for one, other in pairwise(QUOTED)
]


@pytest.mark.parametrize("text", TEXTS)
def test_odd_names_are_the_same_when_they_are_written_and_read_again(text: str):
    table = DescribedTable("t", tuple(Column(name, "double") for name in ODD))
    specification = PlotSpecification.parse(text, table)
    assert PlotSpecification.parse(specification.text, table) == specification


def test_plots_of_odd_names_are_computed(plotted):
    table = plotted(**{name: np.arange(20.0) + number for number, name in enumerate(ODD)})
    for text in TEXTS[::5]:
        specification = PlotSpecification.parse(text, table.described)
        found = table.computed(compute_plot(SelectedRows("t"), specification))
        assert found.drawn == 20
        assert draw_plot(found, specification).startswith(b"<?xml")


def test_a_minus_sign_is_a_difference_where_both_columns_exist():
    table = DescribedTable("t", tuple(Column(name, "float", unit="mag") for name in ("g", "r", "g-r", "g-i")))
    assert [len(PlotSpecification.parse(f"hist:{text}", table).quantities[0].columns) for text in ("g-r", "g-i")] == [
        2,
        1,
    ]
    assert PlotSpecification.parse('hist:"g-r"', table).text == 'hist:"g-r"'
    with pytest.raises(InvalidValueError, match="two columns with a minus sign"):
        PlotSpecification.parse("hist:g-r-g", table)


@pytest.mark.parametrize("kind", ["unsignedByte", "short", "int", "long", "float"])
def test_differences_of_all_types_are_signed(plotted, kind: str):
    types = {"unsignedByte": np.uint8, "short": np.int16, "int": np.int32, "long": np.int64, "float": np.float32}
    one, other = np.array([1, 2, 250], types[kind]), np.array([2, 1, 3], types[kind])
    table = plotted(one=one, other=other)
    specification = PlotSpecification.parse("xy:one-other,other", table.described)
    found = table.computed(compute_plot(SelectedRows("t"), specification))
    assert sorted(found.content.x.tolist()) == [-1, 1, 247]


def test_plots_at_first_fit_the_ucds():
    columns = (
        Column("id", "long", ucd="meta.id;meta.main"),
        Column("z_err", "float", ucd="stat.error;src.redshift"),
        Column("zbest", "float", ucd="src.redshift.phot"),
        Column("i", "float", ucd="phot.mag;em.opt.I"),
        Column("g", "float", ucd="phot.mag;em.opt.B"),
        Column("r", "float", ucd="phot.mag;em.opt.R"),
        Column("e_r", "float", ucd="stat.error;phot.mag;em.opt.R"),
    )
    texts = [plot.text for plot in default_plots(DescribedTable("t", columns, None))]
    assert texts == ["nz:zbest", "xy:zbest,r;reversey", "xy:zbest,g-r"]
    plain = DescribedTable("t", (Column("name", "char", "*"), Column("a", "int"), Column("b", "double")))
    assert [plot.text for plot in default_plots(plain)] == ["hist:a", "hist:b", "xy:a,b"]
    assert default_plots(DescribedTable("t", columns[:1])) == []
