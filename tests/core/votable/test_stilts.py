"""The same documents read by STILTS, which knows nothing of astropy."""

import csv
import io
import shutil
import subprocess

import pyarrow as pa
import pytest
from lxml import etree

from core.columns import Column
from core.votable import TableDescription, document_without_rows, error_document, votable_columns, write_votable
from tests.core.votable.samples import DESCRIPTION, NIGHTS, ROWS, TAKEN

pytestmark = pytest.mark.skipif(shutil.which("stilts") is None, reason="STILTS is not installed")


def stilts(*arguments: str, document: bytes) -> str:
    command = ["stilts", *arguments]
    done = subprocess.run(command, input=document, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize("serialization", ["TABLEDATA", "BINARY", "BINARY2"])
def test_stilts_reads_the_same_values(serialization):
    document = b"".join(write_votable(DESCRIPTION, [ROWS], serialization=serialization, limit=3))
    nulls = [f"cmd=addcol null_{name} NULL_{name}" for name in ("flag", "byte", "small", "whole", "big", "name")]
    text = stilts("tpipe", "in=-", "ifmt=votable", "ofmt=csv", *nulls, document=document)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["flag"] for row in rows] == ["true", "", "false"]
    assert [row["byte"] for row in rows] == ["0", "255", ""]
    assert [row["small"] for row in rows] == ["-32767", "32767", ""]
    assert [row["whole"] for row in rows] == ["-2147483647", "2147483647", ""]
    assert [row["big"] for row in rows] == ["-9223372036854775807", "9223372036854775807", ""]
    assert [row["real"] for row in rows] == ["0.1", "Infinity", ""]
    assert [row["ra"] for row in rows] == ["0.1", "", ""]
    assert [row["name"] for row in rows] == ["plain", "<a> & \"b\" 'c'", ""]
    assert rows[0]["text"] == "Ünïcödé 星 🌌"
    assert rows[1]["text"].split() == ["two", "lines", "and", "more"]
    assert [row["taken"] for row in rows] == [value or "" for value in TAKEN[:3]]
    assert [row["night"] for row in rows] == [value or "" for value in NIGHTS[:3]]
    assert rows[0]["point"] == "(1.5, 2.5)"
    assert rows[0]["fluxes"] == "(1.0, 2.0, 3.0)"
    assert rows[0]["counts"] == "(1, 2)"
    assert [row["null_big"] for row in rows] == ["false", "false", "true"]
    assert [row["null_name"] for row in rows] == ["false", "false", "true"]


@pytest.mark.parametrize("serialization", ["TABLEDATA", "BINARY", "BINARY2"])
def test_votlint_has_nothing_to_say(serialization):
    document = b"".join(write_votable(DESCRIPTION, [ROWS], serialization=serialization, limit=3))
    said = [
        line
        for line in stilts("votlint", "votable=-", document=document).splitlines()
        if "JAVA_TOOL_OPTIONS" not in line
    ]
    assert said == []


def test_frames_of_columns_are_stated_as_the_schema_lists_them():
    frames = ["ICRS", "FK4(B1950)", "FK5(J1975.5)", "GALACTIC", "SUPER_GALACTIC", "ECLIPTIC(J2000)", "ECLIPTIC(B1950)"]
    columns = [Column(f"c{number}", "double", unit="deg", frame=frame) for number, frame in enumerate(frames)]
    columns += [Column("other", "double", frame="GEO_APP"), Column("ra", "double", ucd="pos.eq.ra")]
    rows = pa.record_batch([[1.0]] * len(columns), names=[column.name for column in columns])
    description = TableDescription(votable_columns(columns, rows.schema))
    document = b"".join(write_votable(description, [rows], serialization="TABLEDATA", limit=None))
    assert stilts("votlint", "validate=true", "votable=-", document=document).strip() == ""
    root = etree.fromstring(document)
    systems = {item.get("ID"): (item.get("system"), item.get("equinox")) for item in root.iter("{*}COOSYS")}
    told = [systems.get(item.get("ref")) for item in root.iter("{*}FIELD")]
    assert told == [
        ("ICRS", None), ("eq_FK4", "B1950"), ("eq_FK5", "J1975.5"), ("galactic", None), ("supergalactic", None),
        ("ecl_FK5", "J2000"), ("ecl_FK4", "B1950"), None, ("ICRS", None),
    ]  # fmt: skip


def test_votlint_has_nothing_to_say_of_errors_and_of_no_rows():
    empty = b"".join(write_votable(DESCRIPTION, [], serialization="BINARY2", limit=0))
    for document in (error_document("No table <x> & é."), empty, document_without_rows(DESCRIPTION)):
        assert stilts("votlint", "votable=-", document=document).strip() == ""
