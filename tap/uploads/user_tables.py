"""User tables: create, load, share and remove (VOSI 1.2 draft, and the requests of CADC's clients)."""

from collections.abc import Mapping

from core.auth.models import Identity
from core.errors import InvalidValueError, NotFoundError, PermissionDeniedError, ServiceBusyError
from core.files import FileStore, Staging, StoredBytes
from core.identifiers import GroupIdentifiers
from core.settings import Settings
from products.quotas import account_of
from products.user_tables.definitions import definition_of_vositable, definition_of_votable, has_rows
from products.user_tables.loading import FORMATS, TableLoader
from products.user_tables.models import TableDefinition, TablePermissions, UserTable
from products.user_tables.service import SCHEMA_PREFIX, UserTableService
from tap.metadata.catalog import TableCatalog
from tap.uploads.user_table_jobs import FORMAT_PARAMETER, LOAD_JOB, PART, TABLE_PARAMETER
from uws import JobService, Phase, files_parameter

__all__ = ["TableChanges"]

_XML = frozenset({"text/xml", "application/xml", ""})
_WAIT_SECONDS = 600.0
_TRUE = {"true": True, "false": False}


class TableChanges:
    """Service that changes user tables.

    Parameters
    ----------
    store
        Store of uploaded files.
    catalog
        The tables that identities may query.
    """

    def __init__(
        self,
        settings: Settings,
        tables: UserTableService,
        loader: TableLoader,
        jobs: JobService,
        store: FileStore,
        catalog: TableCatalog,
    ) -> None:
        self._settings = settings
        self._tables = tables
        self._loader = loader
        self._jobs = jobs
        self._store = store
        self._catalog = catalog

    def stage(self, identity: Identity, name: str) -> Staging:
        """Return the staging of a new upload, which counts in the quota of the table's owner."""
        payer = self._tables.payer(identity, name)
        return self._store.stage(
            limit=self._settings.max_upload_bytes,
            account=account_of(payer),
            check=lambda: self._tables.check_quota(payer),
        )

    def create(self, identity: Identity, name: str, media_type: str, stored: StoredBytes) -> UserTable:
        """Create a table from a description, or from a VOTable whose rows are loaded."""
        try:
            self._tables.schema_of(identity)
            definition = self._definition(media_type, stored)
            table = self._tables.create(identity, name, definition)
            filled = media_type not in _XML and has_rows(self._store.local_path(stored.id), max_columns=self._columns)
        except BaseException:
            self._store.delete(stored.id)
            raise
        if not filled:
            self._store.delete(stored.id)
            return table
        try:
            self._load(identity, table, "votable", stored)
        except BaseException:
            self._loader.remove(self._tables.remove(identity, name))
            raise
        return table

    def post(self, identity: Identity, name: str, media_type: str, stored: StoredBytes) -> None:
        """Change the metadata of a table when its description is sent, else append the rows that are sent."""
        if media_type not in _XML:
            self.load(identity, name, media_type, stored)
            return
        try:
            self._writable(identity, name)
            self._tables.describe(identity, name, self._definition(media_type, stored))
        finally:
            self._store.delete(stored.id)

    def load(self, identity: Identity, name: str, media_type: str, stored: StoredBytes) -> None:
        """Append rows to a table, all or none."""
        try:
            table, kind = self._writable(identity, name, stored.size), _format(media_type)
        except BaseException:
            self._store.delete(stored.id)
            raise
        self._load(identity, table, kind, stored)

    def remove(self, identity: Identity, name: str) -> None:
        """Remove a table with its rows."""
        self._writable(identity, name)
        self._loader.remove(self._tables.remove(identity, name))

    def permissions(self, identity: Identity, name: str) -> str:
        """Return the permissions of a table or a schema, in the format of CADC's clients."""
        if _is_user_schema(name):
            return _permissions_text(*self._tables.schema_permissions(identity, name))
        if "." not in name:
            if all(schema.name != name for schema in self._catalog.tables_of(identity).schemas):
                raise NotFoundError(f"There is no schema '{name[:200]}'.")
            return _permissions_text(self._settings.site_name, TablePermissions(public=True))
        try:
            table = self._tables.find(identity, name)
        except NotFoundError:
            if self._catalog.lookup(identity).get(name) is None:
                raise
            return _permissions_text(self._settings.site_name, TablePermissions(public=True))
        if identity.user_id != table.owner_id and not identity.acts_as_admin:
            raise PermissionDeniedError("Only the owner of a table may see its permissions.")
        return _permissions_text(table.owner, table.permissions)

    def permit(self, identity: Identity, name: str, text: str) -> None:
        """Change the permissions of a table or of all tables of a user's schema.

        They are given as lines ``public=true``, ``r-group=…`` and ``rw-group=…``.
        """
        if not _is_user_schema(name):
            self._writable(identity, name)
        changes: dict[str, object] = {}
        for line in filter(None, map(str.strip, text.splitlines())):
            key, _, value = line.partition("=")
            value = value.strip()
            if key == "public" and value.lower() in _TRUE:
                changes["public"] = _TRUE[value.lower()]
            elif key in _GROUPS:
                changes[_GROUPS[key]] = GroupIdentifiers(self._settings.authority).name_in(value)
            else:
                raise InvalidValueError(
                    f"'{line[:100]}' is not a permission; send public=true or false, r-group, rw-group."
                )
        permit = self._tables.permit_schema if _is_user_schema(name) else self._tables.permit
        permit(identity, name, **changes)

    @property
    def _columns(self) -> int:
        return self._settings.max_columns

    def _writable(self, identity: Identity, name: str, more: int = 0) -> UserTable:
        """Return a user table for writing; raise PermissionDeniedError for a readable table of another kind."""
        try:
            return self._tables.require_quota(identity, name, more)
        except NotFoundError:
            if self._catalog.lookup(identity).get(name) is not None:
                raise PermissionDeniedError(f"{name} is not a user table and cannot be changed.") from None
            raise

    def _definition(self, media_type: str, stored: StoredBytes) -> TableDefinition:
        path = self._store.local_path(stored.id)
        if media_type in _XML:
            return definition_of_vositable(path.read_bytes()[:_MAX_XML_BYTES], max_columns=self._columns)
        if FORMATS.get(media_type) == "votable":
            return definition_of_votable(path, max_columns=self._columns)
        raise InvalidValueError(
            f"A table cannot be created from '{media_type[:100]}'; send a VOSITable (text/xml) or a VOTable.",
            field="Content-Type",
        )

    def _load(self, identity: Identity, table: UserTable, kind: str, stored: StoredBytes) -> None:
        parameters = {TABLE_PARAMETER: str(table.id), FORMAT_PARAMETER: kind, **files_parameter({PART: stored.id})}
        try:
            job = self._jobs.create(LOAD_JOB, parameters, owner=identity.name)
        except BaseException:
            self._store.delete(stored.id)
            raise
        job = self._jobs.wait(job.id, owner=identity.name, seconds=_WAIT_SECONDS)
        if not job.phase.ended:
            raise ServiceBusyError("The rows are still being loaded; check the table in a few minutes.")
        if job.phase is not Phase.COMPLETED:
            raise InvalidValueError(job.error or "The rows could not be loaded; nothing was added.")


_MAX_XML_BYTES = 4_000_001
_GROUPS: Mapping[str, str] = {"r-group": "read_group", "rw-group": "write_group"}


def _is_user_schema(name: str) -> bool:
    return "." not in name and name.lower().startswith(SCHEMA_PREFIX)


def _format(media_type: str) -> str:
    if media_type not in FORMATS:
        raise InvalidValueError(
            f"Rows cannot be read as '{media_type[:100]}'; send {', '.join(sorted(FORMATS))}.", field="Content-Type"
        )
    return FORMATS[media_type]


def _permissions_text(owner: str, permissions: TablePermissions) -> str:
    public = "true" if permissions.public else "false"
    groups = (permissions.read_group or "", permissions.write_group or "")
    return f"owner={owner}\npublic={public}\nr-group={groups[0]}\nrw-group={groups[1]}"
