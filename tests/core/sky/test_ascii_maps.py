"""Maps in ASCII as this reader and as mocpy read them."""

import subprocess
import sys

import numpy as np
import pytest
from mocpy import MOC

from core.sky.ascii_maps import plain_ranges
from core.sky.mocs import ranges_of_map

_RANDOM = np.random.default_rng(29)


def _random_map() -> str:
    """Give a map of cells of several orders; some of them overlap, which makes it none."""
    orders = np.sort(_RANDOM.integers(0, 30, 3))
    parts = []
    for order in orders:
        cells = 12 * 4 ** int(order)
        firsts = _RANDOM.integers(0, cells, _RANDOM.integers(0, 6))
        lasts = np.minimum(firsts + _RANDOM.integers(0, 9, len(firsts)), cells - 1)
        spans = [f"{a}" if a == b else f"{a}-{b}" for a, b in zip(firsts, lasts, strict=True)]
        parts.append(f"{order}/" + " ".join(spans))
    return " ".join(parts)


def _of_mocpy(text: str) -> list[list[int]] | None:
    try:
        moc = MOC.from_string(text, format="ascii")
    except OSError:
        return None
    ranges = np.asarray(moc.to_depth29_ranges, np.uint64).reshape(-1, 2)
    return [[int(first), int(end) - 1] for first, end in ranges]


def test_random_maps_have_the_ranges_of_mocpy_or_are_none_there_too():
    texts = [_random_map() for _ in range(300)]
    found = [plain_ranges(text) for text in texts]
    read = [None if ranges is None else ranges.tolist() for ranges in found]
    assert read == [_of_mocpy(text) for text in texts]
    assert 50 < sum(ranges is not None for ranges in read) < 300


@pytest.mark.parametrize(
    "text",
    [
        "0/0-11",
        "29/3458764513820540927",
        "3/",
        "3/1 3 4/16-19 20",
        "3/ 1-4\n 4/ 30",
        "4/30 3/1-4",
    ],
)
def test_plain_maps_have_the_ranges_of_mocpy(text: str):
    found = plain_ranges(text)
    assert found is not None
    assert found.tolist() == _of_mocpy(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no map",
        "30/1",
        "3/768",
        "3/4-1",
        "1-4",
        "3/1-",
        "3/-1",
        "/1",
        "3/1/2",
        "-1/0",
        "3/٣",
        "3/1,4",
        "3/+1",
        "5/1 1",
    ],
)
def test_other_texts_are_left_to_mocpy(text: str):
    assert plain_ranges(text) is None


def test_maps_are_compared_without_an_import_of_mocpy():
    code = (
        "import sys; from core.sky.map_comparisons import meet;"
        "print(meet('6/100', ['3/1', '3/2 6/']).tolist(), 'mocpy' in sys.modules, 'astropy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[True, False] False False"


def test_ranges_that_are_kept_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        ranges_of_map("7/1-4")[0, 0] = 1
