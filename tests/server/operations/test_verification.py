"""``photoz doctor --verify`` reads every file, and tells what is wrong with which."""

import json

from core.database import Database
from core.files.assembly import file_store
from core.settings import Settings
from server.data_folder import prepare_data_folder
from server.migrations.upgrade import migrate
from server.operations.verification import verify
from server.services import Services
from tests.support.commands import photoz, run_photoz
from vospace.models import NodeFile


def _put(services, name: str, content: bytes) -> NodeFile:
    identity = services.accounts.service.identity_of_user("ada")
    write = services.vospace.nodes.begin_write(identity, ("home", "ada", name), None)
    with services.vospace.nodes.stage(write) as staging:
        staging.write(content)
        return services.vospace.nodes.finish(write, staging.finish())


def test_damage_and_orphans_are_found_both_ways(tmp_path):
    settings = Settings(data=tmp_path / "data", min_free_bytes=0)
    prepare_data_folder(settings)
    services = Services(settings)
    migrate(services.database)
    services.accounts.service.add_user("ada", None)
    kept, damaged, lost = (_put(services, name, name.encode() * 100) for name in ("kept", "damaged", "lost"))
    assert verify(settings, services.database, services.store).problems == ()
    checks = json.loads(photoz("doctor", "--verify", "--json", data=settings.data))
    assert [check["ok"] for check in checks if check["name"] == "checksums"] == [True]

    path = file_store(settings).local_path(damaged.stored_id or "")
    path.chmod(0o644)
    path.write_bytes(b"X" + path.read_bytes()[1:])
    file_store(settings).local_path(lost.stored_id or "").unlink()
    orphan = settings.files_folder / "ab" / ("ab" * 16)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"nobody's")
    (settings.tables_folder / "nobody.parquet").write_bytes(b"")
    database = Database(settings.sqlalchemy_url)
    problems = verify(settings, database, file_store(settings)).problems
    database.close()
    assert len(problems) == 4
    assert any("'damaged' in the home of ada" in each and "checksums differ" in each for each in problems)
    assert any("'lost' in the home of ada" in each and "missing" in each for each in problems)
    assert any(orphan.name in each for each in problems)
    assert any("nobody.parquet" in each for each in problems)
    assert not any(kept.stored_id in each for each in problems)
    failed = run_photoz("doctor", "--verify", data=settings.data)
    assert failed.returncode == 1
    assert "4 problems" in failed.stdout
    services.database.close()
