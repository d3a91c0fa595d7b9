"""Writing of the bytes of nodes below ``/home``: claim the node, stage the bytes, replace the old ones at once."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from core.auth.models import Identity, Scope
from core.database import utc_now
from core.files import Staging, StoredBytes
from products.files.names import media_type_of
from vospace.faults import DuplicateNodeError, NodeBusyError, NodeLockedError, QuotaExceededError
from vospace.home.changes import new_row
from vospace.home.nodes import Homes, account_of
from vospace.models import NodeFile, NodeKind, Path
from vospace.rights.decisions import Operation
from vospace.schema import NodeRow
from vospace.storage import child_row, claim_token, claim_write, release_write, renew_write
from vospace.uris import NULL

__all__ = ["HomeWrite", "HomeWrites"]


@dataclass(slots=True)
class HomeWrite:
    """A claim on one node for writing its bytes.

    Parameters
    ----------
    parent_id, home_id
        Row ids of the container and of the home.
    limit
        Maximum number of bytes.
    old
        Present bytes of the node.
    account
        Account in the file store for which staged bytes count.
    """

    identity: Identity
    path: Path
    parent_id: int
    home_id: int
    limit: int
    old: NodeFile | None
    account: str
    token: str = field(default_factory=claim_token)

    @property
    def claim(self) -> str:
        """Name that is claimed; writers of ``.null``, whose bytes are discarded, do not exclude each other."""
        return f"{NULL}-{self.token}" if self.path[-1] == NULL else self.path[-1]


class HomeWrites:
    """Service that writes the bytes of nodes."""

    def __init__(self, homes: Homes) -> None:
        self._homes = homes

    def begin(self, identity: Identity, path: Path, size: int | None, upload: str = "") -> HomeWrite:
        """Check that a node can be written, and claim it.

        Parameters
        ----------
        size
            Number of bytes that the client announces.
        upload
            Id of the upload in parts that is continued.

        Raises
        ------
        NodeBusyError
            Another request holds a claim on it.
        DuplicateNodeError
            It is a container or a link.
        QuotaExceededError
            The bytes would exceed the quota of the home.
        """
        identity.require(Scope.WRITE)
        with self._homes.database.write() as session:
            chain = self._homes.container(session, identity, path[:-1])
            row = None if path[-1] == NULL else self._writable(session, identity, chain, path)
            limit = self._available_bytes(session, chain[0], row, size, upload)
            old = None if row is None else self._homes.file_of_row(row)
            account, token = account_of(chain[0]), claim_token(upload)
            write = HomeWrite(identity, path, chain[-1].id, chain[0].id, limit, old, account, token)
            if not claim_write(session, write.parent_id, write.claim, write.token):
                raise NodeBusyError(path)
        return write

    def stage(self, write: HomeWrite) -> Staging:
        """Open a staging file for the bytes."""
        return self._homes.store.stage(limit=write.limit, account=write.account)

    def renew(self, write: HomeWrite) -> None:
        """Renew the claim.

        Raises
        ------
        QuotaExceededError
            This and other uploads that have begun exceed the quota together.
        """
        with self._homes.database.write() as session:
            renew_write(session, write.parent_id, write.claim, write.token)
            home = session.get(NodeRow, write.home_id)
            usage = None if home is None else self._homes.usage(session, home)
        if usage is not None and usage.size - (0 if write.old is None else write.old.size) > usage.quota:
            message = f"The uploads that have begun exceed the quota of '/home/{write.path[1]}'; nothing was stored."
            raise QuotaExceededError(message)

    def cancel(self, write: HomeWrite) -> None:
        """Release the claim without changing the node."""
        with self._homes.database.write() as session:
            release_write(session, write.parent_id, write.claim, write.token)

    def finish(self, write: HomeWrite, stored: StoredBytes, media_type: str | None) -> NodeFile:
        """Replace the bytes of the node by stored ones, which are deleted when this fails, or when it is ``.null``."""
        if write.path[-1] == NULL:
            self.cancel(write)
            self._homes.store.delete(stored.id)
            return _discarded(stored)
        try:
            row, replaced = self._put(write, stored, media_type)
        except BaseException:
            self._homes.store.delete(stored.id)
            raise
        if replaced is not None:
            self._homes.store.delete(replaced)
        return self._homes.file_of_row(row)

    def _put(self, write: HomeWrite, stored: StoredBytes, media_type: str | None) -> tuple[NodeRow, str | None]:
        path = write.path
        with self._homes.database.write() as session:
            chain = self._homes.container(session, write.identity, path[:-1])
            row = self._writable(session, write.identity, chain, path)
            if chain[-1].id != write.parent_id or not release_write(session, write.parent_id, path[-1], write.token):
                raise NodeBusyError(path)
            self._available_bytes(session, chain[0], row, stored.size)
            if row is None:
                row = new_row(write.identity, chain, path[-1], NodeKind.DATA)
                session.add(row)
                chain[-1].modified_at = row.modified_at
            replaced, row.properties = row.stored_id, {}
            row.stored_id, row.size, row.md5, row.sha256 = stored.id, stored.size, stored.md5, stored.sha256
            row.media_type = media_type or row.media_type or media_type_of(path[-1])
            row.modified_at = utc_now()
            session.flush()
            session.refresh(row)
        return row, replaced

    def _writable(self, session: Session, identity: Identity, chain: tuple[NodeRow, ...], path: Path) -> NodeRow | None:
        row = child_row(session, chain[-1].id, path[-1])
        if row is not None:
            self._homes.check_allowed(identity, Operation.WRITE, (*chain, row), path)
        if row is not None and not NodeKind(row.kind).has_bytes:
            raise DuplicateNodeError(path)
        if row is not None and row.is_locked:
            raise NodeLockedError(path)
        return row

    def _available_bytes(
        self, session: Session, home: NodeRow, row: NodeRow | None, size: int | None, upload: str = ""
    ) -> int:
        """Return the maximum size of a node; raise when a given size exceeds it."""
        usage, limits = self._homes.usage(session, home, without=upload), self._homes.limits
        if row is None and usage.nodes >= limits.nodes:
            message = f"A home can hold at most {limits.nodes} nodes; delete some first."
            raise QuotaExceededError(message)
        free = usage.quota - usage.size + (0 if row is None else row.size)
        available = min(free, limits.file_bytes)
        if size is not None and size > available:
            if size > limits.file_bytes:
                message = f"The file is larger than the limit of {limits.file_bytes / 1e6:g} MB; nothing was stored."
            else:
                message = f"The quota of '/home/{home.name}' leaves {max(0, free)} bytes; the file has {size}."
            raise QuotaExceededError(message)
        return max(0, available)


def _discarded(stored: StoredBytes) -> NodeFile:
    """Return a file with the checksums of bytes that were discarded (VOSpace 2.1 §5)."""
    return NodeFile(NULL, media_type_of(NULL), 0, stored.md5, stored.sha256, utc_now(), lambda _start, _end: iter(()))
