"""Text with columns at fixed places and empty cells: read as astropy reads it when it is given the places."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import ascii as astropy_ascii

from products.readers import open_table
from tests.products.readers.samples import read, refusal

NAMES = ["name", "ra", "dec", "z", "mag"]
WIDTHS = [8, 7, 7, 5]
FIRSTS, BEYOND = [0, 11, 20, 28, 36], [10, 18, 26, 34, 41]
NOTE = "The columns have fixed places, found from the blanks between them; empty cells are missing values."


def lines_of(rows: list[list[str]]) -> list[str]:
    """Write texts to the left, and numbers to the right of their places."""
    return [
        f"{first:9}  " + " ".join(text.rjust(width) for text, width in zip(others, WIDTHS, strict=True)).rstrip()
        for first, *others in rows
    ]


def cells(number: int, seed: int) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    names = np.array(["NGC 1", "M31", "a b c", "NGC 2345", "x y", "IC"])
    rows = []
    for row in range(number):
        values = [f"{rng.uniform(0, 360):.4f}", f"{rng.uniform(-90, 90):.3f}", f"{rng.random():.4f}", f"{20 + row}"]
        rows.append([text if rng.random() < 0.7 else "" for text in (str(rng.choice(names)), *values)])
        rows[-1][1] = rows[-1][1] if any(rows[-1]) else "1.5000"
    return rows


def expected(lines: list[str]) -> dict[str, list[object]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = astropy_ascii.read(
            lines, format="fixed_width_no_header", guess=False, names=NAMES, col_starts=FIRSTS, col_ends=BEYOND
        )
    return {
        name: [None if np.ma.is_masked(value) else value.item() for value in table[name]] for name in table.colnames
    }  # fmt: skip


def text_file(folder: Path, *lines: str) -> Path:
    path = folder / "cat.dat"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("header", ["plain", "right", "comment", "units"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_empty_cells_are_missing_values_of_their_column(header: str, seed: int, tmp_path: Path) -> None:
    rows = lines_of(cells(40, seed))
    names = lines_of([NAMES])
    heads = {
        "plain": names,
        "right": ["name".rjust(9) + lines_of([["", *NAMES[1:]]])[0][9:]],
        "comment": ["# made in 2020", "#nam" + names[0][4:]],
        "units": [*names, lines_of([["", "deg", "deg", "", "mag"]])[0]],
    }
    path = text_file(tmp_path, *heads[header], *rows)
    assert [*read(path).to_pydict().values()] == [*expected(rows).values()]
    with open_table(path, path.name) as reader:
        assert NOTE in reader.notes


def test_rows_beyond_the_first_ones_decide_too(tmp_path: Path) -> None:
    whole = [["M 1"[: 1 + 2 * (n % 2)], f"{n}.5", "-1.5", f"{n % 7}", "20"] for n in range(3000)]
    whole[2500] = ["galaxy 1", "", "", "", "21"]
    whole[2600] = ["NGC 12345", "12345.75", "", "0.5", ""]
    whole[2700] = ["NGC 1", "3.5", "", "0.5", "20"]  # as many words as there are names
    rows = lines_of(whole)
    path = text_file(tmp_path, *lines_of([NAMES]), *rows)
    assert read(path).to_pydict() == expected(rows)


@pytest.mark.parametrize("header", [("name      ra      dec    z",), ()], ids=["with names", "without"])
def test_as_many_words_as_names_do_not_hide_an_empty_cell(header: tuple[str, ...], tmp_path: Path) -> None:
    rows = ["NGC 1     150.1   2.1", "NGC 22    150.2   2.2", "M 31      150.1   2.1"]
    ambiguous = ["Virgo     150.1   2.1    0.5" if not header else rows[0], *rows[1:], *rows]
    path = text_file(tmp_path, *header, *ambiguous)
    assert "do not stand at the places of the columns" in refusal(path)
    path = text_file(tmp_path, *header, *rows, *ambiguous, "          150.1          0.5")
    found = [*read(path).to_pydict().values()]
    assert found[0][:3] == ["NGC 1", "NGC 22", "M 31"]
    assert found[-1][-1] == 0.5


def test_sexagesimal_positions_with_blanks_are_texts_of_one_column(tmp_path: Path) -> None:
    path = text_file(
        tmp_path,
        " id          RA         Dec    z",
        "  1  10 00 28.6  -02 10 11.1   0.5",
        " 22  10 01 28.6  +02 10 11.1   0.6",
        " 23  10 01 28.6  +02 10 11.1",
        " 24  10 01 28.6                1.5",
    )
    assert read(path).to_pydict() == {
        "id": [1, 22, 23, 24],
        "RA": ["10 00 28.6", "10 01 28.6", "10 01 28.6", "10 01 28.6"],
        "Dec": ["-02 10 11.1", "+02 10 11.1", "+02 10 11.1", None],
        "z": [0.5, 0.6, None, 1.5],
    }


def test_table_without_a_header_has_a_column_for_each_place(tmp_path: Path) -> None:
    path = text_file(
        tmp_path, "1   150.1   2.1   0.5", "2           2.2   0.6", "33  150.3         0.7", "4   150.4   2.4"
    )
    assert read(path).to_pydict() == {
        "0": [1, 2, 33, 4], "1": [150.1, None, 150.3, 150.4], "2": [2.1, 2.2, None, 2.4], "3": [0.5, 0.6, 0.7, None],
    }  # fmt: skip


REFUSED = {
    "a value is missing, and nothing is aligned": ("id ra z", "1 150.1 0.5", "22 2.25", "3 150.3 0.75", "4 1.5 0.5"),
    "single blanks": ("1 2 3", "4 5", "6 7 8"),
    "the file was cut": ("id  ra     z", "1   150.1  0.5", "2   150.2  0.6", "3   150.3"),
    "numbers side by side": ("id  ra        z", "1   150.1 2   0.5", "2   150.1     0.5", "3   150.1"),
    "names do not tell": (
        "ra dec z", "150.1   2.1   0.5        ", "150.2   2.2         20.5", "150.3         0.5   20.5",
        "        2.4   0.5   20.5", "150.5   2.5   0.5",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lines", REFUSED.values(), ids=REFUSED)
def test_table_whose_empty_cells_cannot_be_told_is_refused(lines: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "cat.dat"
    path.write_text("\n".join(lines))
    sentence = refusal(path)
    assert "fields where" in sentence or "seems to have columns at fixed places with empty cells" in sentence


@pytest.mark.parametrize(
    "lines",
    [
        ("id ra dec", "1 150.1 2", "10 15 2.25", "100 1.5 -2.5"),
        ("id ra dec", "1     150.1   2", "10 15 2.25", "100  1.5   -2.5"),
        (" id     ra   dec", "  1  150.1     2", " 10     15  2.25", "100    1.5  -2.5"),
        ("#id ra dec", "  1  150.1     2", " 10     15  2.25", "100    1.5  -2.5"),
        ("id               ra                      dec", "1   150.1   2", "10  15      2.25", "100 1.5     -2.5"),
        ("id   ra    dec", "1 150.1 2", "10 15 2.25", "100 1.5 -2.5"),
        ("id      ra     dec", "1 150.1   2", "10 15     2.25", "100 1.5   -2.5"),
    ],
    ids=[
        "free",
        "free with many blanks",
        "aligned",
        "aligned below a comment",
        "below wide names",
        "below names apart",
        "below other wide names",
    ],
)
def test_whole_rows_are_split_at_blanks(lines: tuple[str, ...], tmp_path: Path) -> None:
    path = text_file(tmp_path, *lines)
    assert read(path).to_pydict() == {"id": [1, 10, 100], "ra": [150.1, 15.0, 1.5], "dec": [2.0, 2.25, -2.5]}
    with open_table(path, path.name) as reader:
        assert "Fields are separated by blanks." in reader.notes


@pytest.mark.parametrize("name", ["objectid", "name_of_object", "n"])
@pytest.mark.parametrize("blanks", [1, 3, 12])
@pytest.mark.parametrize("seed", range(5))
def test_rows_without_fixed_places_keep_their_fields_below_names_of_any_width(
    name: str, blanks: int, seed: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    rows = [
        [f"G{rng.integers(10 ** rng.integers(1, 6))}", f"{rng.uniform(0, 360):.{rng.integers(1, 6)}f}",
         f"{rng.uniform(-9, 9):.3g}", f"{rng.integers(5)}"]
        for _ in range(rng.integers(2, 30))
    ]  # fmt: skip
    gap = " " * int(rng.integers(1, 4))
    path = text_file(tmp_path, (" " * blanks).join([name, "ra", "dec", "flag"]), *map(gap.join, rows))
    found = read(path)
    assert [*map(str, found[name].to_pylist())] == [row[0] for row in rows]
    assert found["dec"].to_pylist() == [float(row[2]) for row in rows]


def test_places_count_characters(tmp_path: Path) -> None:
    path = text_file(tmp_path, "name      z    mag", "Ångström  0.5", "Δ Cep          20.5", "x         0.7  21.5")
    assert read(path).to_pydict() == {
        "name": ["Ångström", "Δ Cep", "x"], "z": [0.5, None, 0.7], "mag": [None, 20.5, 21.5],
    }  # fmt: skip
