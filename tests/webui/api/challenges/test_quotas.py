"""Files of submissions count for the storage quota of their authors."""

from sqlalchemy import update

from core.auth.schema import UserRow
from pipelines.challenges.stored_files import submitted_bytes
from tests.webui.api.challenges.conftest import Arena, shifted


def _set_quota(arena: Arena, name: str, more: int | None) -> int:
    """Give a user a quota of so many bytes more than are used, or none; return what is used."""
    services = arena.app.services
    with services.database.write() as session:
        user_id = services.accounts.service.identity_of_user(name).user_id
        assert user_id is not None
        used = services.products.quota.usage(session, user_id).used
        quota = None if more is None else used + more
        session.execute(update(UserRow).where(UserRow.id == user_id).values(quota_bytes=quota))
    return used


def test_a_submission_counts_until_it_is_withdrawn(arena: Arena):
    name = arena.make("quotas")
    before = _set_quota(arena, "carol", 1000)
    refused = arena.send("carol", name)
    assert refused.status_code == 413, refused.text
    assert "The quota has no space" in refused.text
    assert _set_quota(arena, "carol", None) == before
    made = arena.send("carol", name, shifted(0.05))
    assert made.status_code == 201, made.text
    number, size = made.json()["id"], made.json()["size"]
    assert _set_quota(arena, "carol", None) == before + size
    arena.scored("carol", name, number)
    arena.json("carol", "POST", f"/{name}/submissions/{number}/withdraw/")
    assert _set_quota(arena, "carol", None) == before
    with arena.app.services.database.read() as session:
        user_id = arena.app.services.accounts.service.identity_of_user("carol").user_id
        assert user_id is not None
        assert submitted_bytes(session, user_id) == 0
    arena.end()
