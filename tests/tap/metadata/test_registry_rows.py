"""Rows of blocks of records, made for all tables of the registry in one pass."""

from collections.abc import Iterator, Mapping

from tap.metadata.registry_columns import REGISTRY_COLUMNS
from tap.metadata.registry_rows import BlockRows


class _Block:
    """A block with one row a table, which counts how often rows are made."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.made: list[str] = []

    def rows(self, table: str) -> Iterator[Mapping[str, object]]:
        self.made.append(table)
        yield {"ivoid": f"ivo://example.org/{self.key}"}


def test_each_table_of_a_block_is_made_once():
    block, rows = _Block("a"), BlockRows()
    for name, columns in REGISTRY_COLUMNS.items():
        table = rows.take(name, block)
        assert table.column_names == [column.name for column in columns]
        assert table.column("ivoid").to_pylist() == ["ivo://example.org/a"]
    assert sorted(block.made) == sorted(REGISTRY_COLUMNS)
    rows.take("resource", block)
    assert len(block.made) == 2 * len(REGISTRY_COLUMNS)


def test_rows_that_wait_are_counted_and_forgotten():
    rows, block = BlockRows(many=1), _Block("a")
    assert not rows.has_many
    rows.take("resource", block)
    assert rows.has_many
    rows.clear()
    assert not rows.has_many
    rows.take("interface", block)
    assert len(block.made) == 2 * len(REGISTRY_COLUMNS)


def test_rows_beyond_the_limit_are_forgotten():
    blocks, rows = [_Block(key) for key in "ab"], BlockRows(most=0)
    for block in blocks:
        rows.take("resource", block)
    assert not rows.has_many
    rows.take("interface", blocks[1])
    assert len(blocks[1].made) == 2 * len(REGISTRY_COLUMNS)
