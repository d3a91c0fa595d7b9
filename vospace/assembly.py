"""`VOSpaceServices`: the objects of this package, constructed from the settings."""

from collections.abc import Callable, Iterator

from core.auth.models import Identity, Scope
from core.auth.signing import LinkSigner, secret_key
from core.database import Database, utc_now
from core.files import FileStore
from core.parts import part
from core.settings import Settings
from products.assembly import ProductServices
from uws import JobKind
from vospace.access import NodeAccess
from vospace.catalogue.changes import ProductNodeChanges
from vospace.catalogue.tree import ProductTree
from vospace.home.nodes import HomeLimits, Homes
from vospace.service import NodeService
from vospace.transfers.jobs import NodeJobs
from vospace.transfers.moves import NodeMoves
from vospace.transfers.negotiation import Negotiator
from vospace.transfers.remote import RemoteTransfers
from vospace.transfers.signed_urls import SignedUrls
from vospace.transfers.uploads import NodeUploads
from vospace.uris import NodeUris

__all__ = ["PREFIX", "VOSpaceServices"]

#: Path of the VOSpace.
PREFIX = "/vospace"

_LINK_SECONDS = 900
_UPLOAD_SECONDS = 24 * 3600


class VOSpaceServices:
    """The objects of the VOSpace in one process, each constructed when it is first used.

    Parameters
    ----------
    settings
        Settings of the server.
    database
        The metadata database.
    store
        The files of nodes.
    products
        The catalogue, whose products are nodes below ``/products``.
    identity_of
        Returns the identity of an account with a scope.
    is_valid_credential
        Returns whether the credential of a key is still valid.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        store: FileStore,
        products: ProductServices,
        identity_of: Callable[[str, Scope], Identity],
        is_valid_credential: Callable[[str], bool],
    ) -> None:
        self._is_valid_credential = is_valid_credential
        self._settings = settings
        self._database = database
        self._products = products
        self._identity_of = identity_of
        self.store = store
        self.base_url = f"{settings.public_url}{PREFIX}"

    @property
    def is_secure(self) -> bool:
        """Whether the VOSpace has an https URL."""
        return self.base_url.startswith("https:")

    @part
    def nodes(self) -> NodeService:
        """Service for the nodes of the whole tree."""
        settings, products = self._settings, self._products
        access = NodeAccess(settings.authority)
        limits = HomeLimits(settings.home_quota_bytes, settings.home_nodes, settings.max_upload_bytes)
        tree = ProductTree(products.service, products.downloads, access)
        return NodeService(
            tree,
            ProductNodeChanges(tree, products.service, products.uploads),
            Homes(self._database, self.store, access, limits),
            NodeUris(settings.authority),
            owner=settings.site_name,
            since=utc_now(),
        )

    @part
    def moves(self) -> NodeMoves:
        """Service that moves and copies nodes."""
        return NodeMoves(self.nodes)

    @part
    def uploads(self) -> NodeUploads:
        """Service that stores uploads to nodes."""
        return NodeUploads(self.nodes, self.store, self._signer("upload", _UPLOAD_SECONDS))

    @part
    def signed_urls(self) -> SignedUrls:
        """Signed URLs of the bytes of nodes."""
        return SignedUrls(
            self._signer("transfer", _LINK_SECONDS), self.base_url, self._identity_of, self._is_valid_credential
        )

    @part
    def negotiator(self) -> Negotiator:
        """Negotiation of transfers."""
        return Negotiator(self.nodes, self.signed_urls, secure=self.is_secure)

    @part
    def remote(self) -> RemoteTransfers:
        """Transfers from and to other servers."""
        return RemoteTransfers(self.nodes, self._settings.transfer_hosts)

    @part
    def jobs(self) -> NodeJobs:
        """Functions of the jobs on nodes."""
        return NodeJobs(self.nodes, self.moves, self.negotiator, self.remote, self._identity_of)

    @part
    def signer(self) -> LinkSigner:
        """Signer of the tickets of synchronous transfers."""
        return self._signer("negotiation", _LINK_SECONDS)

    def job_kinds(self) -> Iterator[JobKind]:
        """Yield the kinds of job of this package."""
        yield from self.jobs.kinds()

    def _signer(self, purpose: str, seconds: int) -> LinkSigner:
        return LinkSigner(self._key, purpose, seconds=seconds)

    @part
    def _key(self) -> str:
        return secret_key(self._settings)
