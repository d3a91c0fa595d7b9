"""Parquet files whose footers contradict themselves, as damaged ones and those of other programs do."""

from pathlib import Path

__all__ = ["contradict"]


def contradict(path: Path, column: str) -> None:
    """Make a column of a file required, though its size statistics count its nulls.

    pyarrow 26 ends the process that asks for the column chunks of such a file.
    """
    # A schema element in Thrift's compact protocol: field 3, repetition_type, and field 4, name.
    name = b"\x18" + bytes([len(column)]) + column.encode()
    content = path.read_bytes()
    assert content.count(b"\x25\x02" + name) == 1
    path.write_bytes(content.replace(b"\x25\x02" + name, b"\x25\x00" + name))
