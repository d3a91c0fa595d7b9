"""Progress bars in terminals and notebooks (tqdm)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

__all__ = ["byte_bar", "counted", "fraction_bar"]


@contextmanager
def fraction_bar(title: str) -> Iterator[Callable[[float, str], None]]:
    """Show a bar for work that reports a fraction and a sentence; the block gets the function that moves it."""
    from tqdm.auto import tqdm

    with tqdm(total=100, desc=title, bar_format="{desc}: {percentage:3.0f}%|{bar}| {postfix}") as bar:

        def show(fraction: float, sentence: str) -> None:
            bar.set_postfix_str(sentence, refresh=False)
            bar.update(round(100 * fraction) - bar.n)

        yield show


@contextmanager
def byte_bar(title: str, *, disable: bool | None = None) -> Iterator[Callable[[int, int], None]]:
    """Show a bar for bytes; the block gets the function that is called with those so far, and all.

    Parameters
    ----------
    disable
        Whether no bar is shown; None shows it on a terminal alone.
    """
    from tqdm.auto import tqdm

    with tqdm(desc=title, unit="B", unit_scale=True, unit_divisor=1000, disable=disable) as bar:

        def show(done: int, whole: int) -> None:
            bar.total = whole or None
            bar.update(done - bar.n)

        yield show


def counted(file: BinaryIO, show: Callable[[int, int], None], size: int) -> BinaryIO:
    """Return an open file whose bytes are counted while they are read."""
    from tqdm.utils import CallbackIOWrapper

    done = 0

    def add(count: int) -> None:
        nonlocal done
        done += count
        show(done, size)

    wrapped: BinaryIO = CallbackIOWrapper(add, file, "read")
    return wrapped
