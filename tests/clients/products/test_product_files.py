"""Files of products are listed, read in part, streamed and downloaded; rows become nested frames; pyvo reads links."""

import hashlib
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest


def test_files_have_roles_sizes_and_checksums_and_are_read_in_part(surveys):
    (file,) = surveys.deep.files
    content = file.read()

    assert (file.name, file.role, file.size) == ("Deep survey.parquet", "main", len(content))
    assert hashlib.sha256(content).hexdigest() == file.sha256
    assert b"".join(file.blocks(1000)) == content
    assert surveys.deep.files.main == surveys.deep.files["Deep survey.parquet"]
    with file.open() as opened:
        assert pq.read_table(opened, columns=["z"])["z"].to_pylist() == list(surveys.deep_rows["z"])
    with pytest.raises(KeyError, match=r"there are Deep survey\.parquet"):
        surveys.deep.files["gone"]


def test_a_download_is_resumed_and_not_repeated(surveys, tmp_path, capsys):
    file = surveys.deep.files.main
    folder = tmp_path / "new" / surveys.deep.internal_name
    folder.mkdir(parents=True)
    (folder / f"{file.name}.part").write_bytes(file.read()[:1000])

    assert surveys.deep.download(tmp_path / "new") == folder
    assert sorted(path.name for path in folder.iterdir()) == ["Deep survey.parquet", "product_metadata.yaml"]
    assert (folder / file.name).read_bytes() == file.read()

    before = (folder / file.name).stat().st_mtime_ns
    assert surveys.deep.download(tmp_path / "new") == folder
    assert (folder / file.name).stat().st_mtime_ns == before
    (folder / file.name).unlink()
    file.download(folder, progress=True)
    assert "Deep survey.parquet" in capsys.readouterr().err


def test_columns_of_arrays_are_nested(surveys, monkeypatch):
    pytest.importorskip("nested_pandas")
    frame = surveys.deep.rows(where="num < 2").to_nested()

    values = frame["flux"].nest.to_flat()["value"]
    for row, number in enumerate(frame["num"]):
        np.testing.assert_array_equal(values.loc[row], surveys.deep_rows["flux"][number])
    monkeypatch.setitem(sys.modules, "nested_pandas", None)
    with pytest.raises(ImportError, match="pip install nested-pandas"):
        surveys.deep.rows(limit=1).to_nested()


def test_pyvo_reads_the_links_and_the_cone_search(surveys):
    links = surveys.deep.datalink()

    assert next(link.semantics for link in links) == "#this"
    assert len(surveys.deep.cone_search().search((150.025, 2.025), 0.1)) == 300
