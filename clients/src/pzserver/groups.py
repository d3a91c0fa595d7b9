"""Groups of users: list, create, members, managers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from pzserver.errors import NotFoundError
from pzserver.models import Group as GroupModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pzserver.connections.connection import Connection
    from pzserver.models import Member

__all__ = ["Group", "Groups"]


class Group:
    """A group of users; its managers can change it."""

    def __init__(self, connection: Connection, model: GroupModel) -> None:
        self._connection = connection
        self._model = model

    def __repr__(self) -> str:
        return f"<Group {self.name}: {len(self.members)} members>"

    @property
    def number(self) -> int:
        """Its number."""
        return self._model.id

    @property
    def name(self) -> str:
        """Its name."""
        return self._model.name

    @property
    def description(self) -> str:
        """What it is for."""
        return self._model.description

    @property
    def members(self) -> tuple[Member, ...]:
        """Its members, managers among them."""
        return self._model.members

    @property
    def managers(self) -> tuple[str, ...]:
        """User names of those who can change the group."""
        return tuple(member.username for member in self.members if member.is_manager)

    @property
    def can_manage(self) -> bool:
        """Whether you can change the group."""
        return self._model.can_manage

    def add(self, *users: str, manager: bool = False) -> Group:
        """Add members, or change whether they are managers; return the group."""
        for user in users:
            self._update("PUT", f"/members/{quote(user, safe='')}", {"is_manager": manager})
        return self

    def remove(self, *users: str) -> Group:
        """Remove members; with your own name, leave the group."""
        for user in users:
            self._connection.json("DELETE", f"groups/{self.number}/members/{quote(user, safe='')}")
        gone = set(users)
        kept = [member for member in self.members if member.username not in gone]
        self._model = _with_members(self._model, kept)
        return self

    def describe(self, description: str) -> Group:
        """Replace the description; return the group."""
        self._update("PATCH", "", {"description": description})
        return self

    def delete(self) -> None:
        """Delete the group; what was shared with it is not shared any more."""
        self._connection.json("DELETE", f"groups/{self.number}")

    def _update(self, method: str, path: str, fields: dict[str, object]) -> None:
        self._model = GroupModel.from_json(self._connection.json(method, f"groups/{self.number}{path}", json=fields))


class Groups:
    """The caller's groups; all groups for administrators."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __repr__(self) -> str:
        return f"<Groups: {', '.join(group.name for group in self) or 'none'}>"

    def __iter__(self) -> Iterator[Group]:
        return iter(self.list())

    def __len__(self) -> int:
        return len(self.list())

    def __getitem__(self, key: int | str) -> Group:
        """Return a group by its number or name.

        Raises
        ------
        NotFoundError
            There is no such group, or you may not see it.
        """
        found = self.list()
        for group in found:
            if key in {group.number, group.name}:
                return group
        message = f"You have no group '{key}'; you have {', '.join(group.name for group in found) or 'none'}."
        raise NotFoundError(message)

    def list(self) -> tuple[Group, ...]:
        """List the groups."""
        results = self._connection.json("GET", "groups/")["results"]
        return tuple(Group(self._connection, GroupModel.from_json(item)) for item in results)

    def create(self, name: str, description: str = "", members: Iterable[str] = ()) -> Group:
        """Create a group, with you as its manager and others as members."""
        made = self._connection.json("POST", "groups/", json={"name": name, "description": description})
        return Group(self._connection, GroupModel.from_json(made)).add(*members)


def _with_members(model: GroupModel, members: Iterable[Member]) -> GroupModel:
    from dataclasses import replace

    return replace(model, members=tuple(members))
