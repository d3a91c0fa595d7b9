import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis
import s3fs
import sqlalchemy
from sqlalchemy import select

from core.auth.schema import UserRow
from core.database import Base, Database, utc_now
from tests.support.databases import EmptyPostgres, EmptySQLite
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer, postgres_binaries
from tests.support.s3 import running_s3


def test_free_ports_are_ports():
    assert 1024 < free_port() < 65536


def test_each_test_has_an_empty_database_of_each_kind(database_url: str):
    engine = sqlalchemy.create_engine(database_url)
    with engine.begin() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == []
        connection.execute(sqlalchemy.text("CREATE TABLE survey (z float)"))
    assert sqlalchemy.inspect(engine).get_table_names() == ["survey"]
    engine.dispose()


def test_a_database_is_dropped_although_somebody_is_connected(postgres: PostgresServer):
    with postgres.new_database() as url:
        engine = sqlalchemy.create_engine(url)
        connection = engine.connect()
    connection.invalidate()
    connection.close()
    engine.dispose()
    with postgres.new_database() as other:
        assert other != url


def test_a_bucket_ends_with_its_server():
    for _ in range(2):
        with running_s3("twice"):
            store = s3fs.S3FileSystem()
            assert store.ls("twice") == []
            store.pipe_file("twice/object", b"bytes")


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_has_a_database_with_tables_and_no_rows(tables_url: str, number: int):
    database = Database(tables_url)
    with database.read() as session:
        assert session.scalars(select(UserRow)).all() == []
    with database.write() as session:
        session.add(UserRow(name=f"user{number}", is_admin=False, created_at=utc_now()))
    with database.read() as session:
        assert session.scalars(select(UserRow.id)).one() == 1
    connection = database.engine.connect()  # somebody stays connected, in the middle of a transaction
    connection.exec_driver_sql("SELECT * FROM users")
    connection.invalidate()
    connection.close()
    database.close()


def test_a_database_with_other_tables_is_not_given_again(empty_postgres: EmptyPostgres):
    with empty_postgres.database() as url:
        engine = sqlalchemy.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("ALTER TABLE users DROP COLUMN password_hash"))
        engine.dispose()
    with empty_postgres.database() as url:
        engine = sqlalchemy.create_engine(url)
        assert "password_hash" in {column["name"] for column in sqlalchemy.inspect(engine).get_columns("users")}
        engine.dispose()


def test_tables_of_sqlite_have_all_foreign_keys_also_after_those_of_postgresql(
    empty_postgres: EmptyPostgres, tmp_path: Path
):
    declared = sum(len(table.foreign_key_constraints) for table in Base.metadata.tables.values())
    with empty_postgres.database() as url:
        assert _foreign_keys(url) == declared
    assert _foreign_keys(EmptySQLite(tmp_path).database(tmp_path / "photoz.sqlite")) == declared


def _foreign_keys(url: str) -> int:
    engine = sqlalchemy.create_engine(url)
    found = sqlalchemy.inspect(engine)
    count = sum(len(found.get_foreign_keys(name)) for name in found.get_table_names())
    engine.dispose()
    return count


def test_redis_answers(redis_url: str):
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


_HOLDER = """
import sys
from pathlib import Path
from tests.support.postgres import running_postgres
with running_postgres(Path(sys.argv[1])) as server:
    print(server.folder, flush=True)
    sys.stdin.read()
"""


def test_postgres_dies_with_a_killed_test_run(postgres: PostgresServer, project_root: Path):
    command = [sys.executable, "-c", _HOLDER, str(postgres_binaries())]
    env = os.environ | {"PYTHONPATH": str(project_root)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as holder:
        folder = Path(holder.stdout.readline().strip())
        server = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
        holder.send_signal(signal.SIGKILL)
    server.wait(60)
    assert not server.is_running()
    shutil.rmtree(folder)


def test_stilts_computes(stilts, tmp_path: Path):
    table = tmp_path / "x.csv"
    table.write_text("ra,z\n10,0.5\n20,1.5\n")
    assert "1.0" in stilts("tpipe", f"in={table}", "ifmt=csv", "cmd=stats Mean Name", "ofmt=csv", "out=-")


def test_the_browser_runs_scripts(page):
    page.set_content("<p id=x></p><script>document.getElementById('x').textContent = 6 * 7</script>")
    assert page.inner_text("#x") == "42"
