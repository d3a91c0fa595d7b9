"""Rows of metadata tables in segments: the rows of the wanted blocks, from few files."""

from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from core.auth.models import ANONYMOUS, Identity
from core.errors import ServiceBusyError
from tap.engine.duckdb.sandbox import HiddenRows, Sandbox, SandboxTable
from tap.metadata.metadata_files import MetadataFiles
from tap.metadata.row_segments import RowBlock, RowSegments, reader_of
from tap.models import RowFiles

NOBODY = reader_of(ANONYMOUS)
SOMEBODY = reader_of(Identity(user_id=7, name="somebody"))


@pytest.fixture
def segments(tmp_path: Path) -> RowSegments:
    return RowSegments(MetadataFiles(tmp_path))


class Blocks:
    """Blocks of two rows with their key, and the keys of those whose rows were made."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def of(self, *keys: str) -> list[RowBlock]:
        return [RowBlock(key, partial(self._rows, key)) for key in keys]

    def _rows(self, key: str) -> pa.Table:
        self.made.append(key)
        return pa.table({"text": [key, key]})


def _shown(rows: RowFiles) -> list[str]:
    """Read the rows of files with pyarrow, without those that are hidden."""
    table = pq.read_table(list(map(str, rows.files)))
    hidden = pc.is_in(table.column(rows.block_column), pa.array(rows.hidden, pa.int64()))
    return sorted(table.filter(pc.invert(hidden)).column("text").to_pylist())


def test_only_rows_that_have_changed_are_made(segments):
    blocks = Blocks()
    segments.files("t", NOBODY, blocks.of("a1", "b1", "c1"))
    found = segments.files("t", NOBODY, blocks.of("a1", "b2", "c1"))
    assert blocks.made == ["a1", "b1", "c1", "b2"]
    assert _shown(found) == ["a1", "a1", "b2", "b2", "c1", "c1"]
    assert segments.files("t", NOBODY, blocks.of("a1", "b2", "c1")) == found
    assert _shown(segments.files("t", NOBODY, blocks.of("c1"))) == ["c1", "c1"]
    assert _shown(segments.files("t", NOBODY, blocks.of("a1", "b1", "c1")))[:3] == ["a1", "a1", "b1"]


def test_others_read_what_everybody_may_read_and_nobody_reads_what_was_made_for_another(segments):
    blocks = Blocks()
    public = segments.files("t", NOBODY, blocks.of("a1", "b1"))
    own = segments.files("t", SOMEBODY, blocks.of("a1", "b1 and mine"))
    assert set(public.files) < set(own.files)
    assert blocks.made == ["a1", "b1", "b1 and mine"]
    assert _shown(own) == ["a1", "a1", "b1 and mine", "b1 and mine"]
    assert segments.files("t", NOBODY, blocks.of("a1", "b1")) == public
    third = segments.files("t", reader_of(Identity(user_id=8, name="third")), blocks.of("b1"))
    assert third.files == public.files
    assert _shown(third) == ["b1", "b1"]


def test_many_changes_leave_few_files_and_exactly_the_wanted_rows(segments):
    rng = np.random.default_rng(12)
    blocks, versions = Blocks(), dict.fromkeys(range(200), 1)
    for step in range(150):
        for number in rng.choice(200, rng.choice([0, 1, 1, 3]), replace=False):
            versions[number] += 1
        left = {number for number in versions if rng.random() > 0.9} if step == 70 else set(versions)
        keys = [f"{number} v{versions[number]}" for number in left]
        found = segments.files("t", (NOBODY, SOMEBODY)[rng.integers(2)], blocks.of(*keys))
        assert len(found.files) <= 8
        assert _shown(found) == sorted([*keys, *keys])
    assert len(blocks.made) < 200 + 4 * 150 + 200  # a fifth were away once


def test_files_that_somebody_removed_are_made_again(segments):
    blocks = Blocks()
    found = segments.files("t", NOBODY, blocks.of("a1"))
    found.files[0].unlink()
    assert _shown(segments.files("t", NOBODY, blocks.of("a1"))) == ["a1", "a1"]


def test_the_engine_shows_neither_the_column_nor_the_rows_of_hidden_blocks(segments, tmp_path):
    blocks = Blocks()
    segments.files("t", NOBODY, blocks.of("a1", "b1"))
    rows = segments.files("t", NOBODY, blocks.of("a1", "b2"))
    hidden = HiddenRows(rows.block_column, rows.hidden)
    table = SandboxTable("s", "t", tuple(map(str, rows.files)), None, hidden)
    (tmp_path / "temp").mkdir()
    sandbox = Sandbox([table], temp_folder=tmp_path / "temp", memory_bytes=10**8, threads=1, temp_bytes=10**6)
    with sandbox, sandbox.cursor() as cursor:
        assert sorted(cursor.execute("SELECT * FROM s.t").fetchall()) == [("a1",)] * 2 + [("b2",)] * 2


def test_a_process_that_ends_makes_no_more_rows(tmp_path):
    files = MetadataFiles(tmp_path)
    segments, blocks = RowSegments(files), Blocks()
    wanted = blocks.of("a1", "b1", "c1")
    files.is_stopping = lambda: len(blocks.made) == 2
    with pytest.raises(ServiceBusyError, match="stops"):
        segments.files("t", NOBODY, wanted)
    assert blocks.made == ["a1", "b1"]
