"""Whatever the bytes of a file, reading it ends in a table or in a refusal, never in another error."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import PhotozError
from products.readers import ReadLimits, open_table
from tests.products.readers.samples import FORMATS, astropy_sample, write
from tests.support.fuzzing import FACTOR
from tests.support.parquet_footers import contradict

_TRUNCATIONS = 32
_FLIPS = 60


def outcome(path: Path, name: str) -> str:
    try:
        with open_table(path, name, limits=ReadLimits(max_unpacked_bytes=50_000_000)) as reader:
            for batch in reader.batches(size=1000):
                batch.validate(full=True)
    except PhotozError as refusal:
        return "refused" if refusal.status in {413, 422} and name in refusal.message else refusal.message
    return "read"


@pytest.mark.parametrize("kind", FORMATS)
def test_file_truncated_anywhere_is_read_or_refused(kind: str, tmp_path: Path) -> None:
    path = write(astropy_sample(40), kind, tmp_path)
    content = path.read_bytes()
    damaged = tmp_path / "damaged"
    outcomes = []
    for part in range(_TRUNCATIONS):
        damaged.write_bytes(content[: len(content) * part // _TRUNCATIONS])
        outcomes.append(outcome(damaged, path.name))
    assert set(outcomes) <= {"read", "refused"}
    assert outcomes.count("refused") >= (2 if kind in {"CSV", "ECSV"} else _TRUNCATIONS - 1 if kind != "FITS" else 3)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("seed", range(3 * FACTOR))
def test_file_with_flipped_bits_is_read_or_refused(kind: str, seed: int, tmp_path: Path) -> None:
    path = write(astropy_sample(40), kind, tmp_path)
    content = path.read_bytes()
    damaged = tmp_path / "damaged"
    chance = random.Random(seed)  # noqa: S311 - which bits are flipped is no secret
    for _ in range(_FLIPS):
        changed = bytearray(content)
        for _ in range(chance.choice((1, 3, 20))):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        damaged.write_bytes(changed)
        assert outcome(damaged, path.name) in {"read", "refused"}


@pytest.mark.parametrize("kind", FORMATS)
def test_file_with_flipped_bits_in_its_head_is_read_or_refused(kind: str, tmp_path: Path) -> None:
    path = write(astropy_sample(40), kind, tmp_path)
    content = path.read_bytes()
    damaged = tmp_path / "damaged"
    chance = random.Random(4)  # noqa: S311 - the same
    start = 2880 if kind == "FITS" else 8
    for _ in range(_FLIPS):
        changed = bytearray(content)
        changed[chance.randrange(start, min(len(content), start + 2000))] ^= 1 << chance.randrange(8)
        damaged.write_bytes(changed)
        assert outcome(damaged, path.name) in {"read", "refused"}


@pytest.mark.parametrize("seed", range(3 * FACTOR))
def test_parquet_file_with_flipped_bits_in_its_footer_is_read_or_refused(seed: int, tmp_path: Path) -> None:
    path = write(astropy_sample(40), "Parquet", tmp_path)
    content = path.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    damaged = tmp_path / "damaged"
    chance = random.Random(seed)  # noqa: S311 - the same
    for _ in range(_FLIPS):
        changed = bytearray(content)
        changed[chance.randrange(footer, len(content) - 8)] ^= 1 << chance.randrange(8)
        damaged.write_bytes(changed)
        assert outcome(damaged, path.name) in {"read", "refused"}


def test_parquet_file_whose_footer_contradicts_itself_ends_no_process(tmp_path: Path) -> None:
    path = write(astropy_sample(40), "Parquet", tmp_path)
    contradict(path, "survey")
    asked = [
        sys.executable,
        "-c",
        f"import pyarrow.parquet as p; p.read_metadata({str(path)!r}).row_group(0).column(6)",
    ]
    assert subprocess.run(asked, capture_output=True, check=False).returncode == -signal.SIGABRT  # pyarrow alone
    assert outcome(path, path.name) in {"read", "refused"}


def test_texts_of_a_parquet_file_that_are_not_utf8_are_latin_1(tmp_path: Path) -> None:
    raw = [b"caf\xe9", None, "café".encode(), b"plain"]
    texts = pa.array(raw, pa.binary()).view(pa.string())
    table = pa.table({"id": [1, 2, 3, 4], "t": texts, "large": texts.cast(pa.large_string())})
    path = tmp_path / "latin.parquet"
    pq.write_table(table, path)
    with open_table(path, path.name) as reader:
        found = pa.Table.from_batches(reader.batches())
    found.validate(full=True)
    assert found["t"].to_pylist() == found["large"].to_pylist() == ["café", None, "café", "plain"]


def test_parquet_file_whose_writer_is_no_text_is_refused(tmp_path: Path) -> None:
    path = write(astropy_sample(40), "Parquet", tmp_path)
    content = path.read_bytes()
    place = content.rindex(b"parquet-cpp-arrow")
    path.write_bytes(content[:place] + b"\xad" + content[place + 1 :])
    assert outcome(path, path.name) == "refused"
