"""The parts of the VOSpace put together: the same in the server, which answers, and in workers, which run its jobs."""

from collections.abc import Callable
from dataclasses import dataclass

from core.auth.models import Identity, Scope
from core.database import Database, utc_now
from core.files import FileStore
from core.settings import Settings
from core.signing import LinkSigner, secret_key
from products.downloads import DownloadService
from products.files import ProductFiles
from products.service import ProductService
from vospace.access import NodeAccess
from vospace.endpoints import Endpoints
from vospace.homes import HomeLimits, Homes
from vospace.jobs import NodeJobs
from vospace.moves import NodeMoves
from vospace.negotiation import Negotiator
from vospace.product_changes import ProductNodeChanges
from vospace.product_tree import ProductTree
from vospace.receiving import Receiver
from vospace.remote import RemoteTransfers
from vospace.service import NodeService
from vospace.uris import NodeUris

__all__ = ["PREFIX", "VOSpace", "build_vospace"]

#: Path of the VOSpace.
PREFIX = "/vospace"

_LINK_SECONDS = 900
_UPLOAD_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class VOSpace:
    """The VOSpace of one server."""

    base_url: str
    nodes: NodeService
    store: FileStore
    moves: NodeMoves
    receiver: Receiver
    endpoints: Endpoints
    negotiator: Negotiator
    remote: RemoteTransfers
    jobs: NodeJobs
    signer: LinkSigner

    @property
    def is_secure(self) -> bool:
        """Whether it is reached by https."""
        return self.base_url.startswith("https:")


def build_vospace(
    settings: Settings,
    database: Database,
    store: FileStore,
    files: ProductFiles,
    identity_of: Callable[[str, Scope], Identity],
) -> VOSpace:
    """Put the parts together.

    Parameters
    ----------
    files
        Adds files to products.
    identity_of
        Gives the identity of an account with a scope.
    """
    access, products = NodeAccess(settings.authority), ProductService(database)
    limits = HomeLimits(settings.home_quota_bytes, settings.home_nodes, settings.max_upload_bytes)
    tree = ProductTree(products, DownloadService(database, store), access)
    nodes = NodeService(
        tree,
        ProductNodeChanges(tree, products, files),
        Homes(database, store, access, limits),
        NodeUris(settings.authority),
        owner=settings.site_name,
        since=utc_now(),
    )
    base_url, key = f"{settings.public_url}{PREFIX}", secret_key(settings)
    endpoints = Endpoints(LinkSigner(key, "transfer", seconds=_LINK_SECONDS), base_url, identity_of)
    negotiator = Negotiator(nodes, endpoints, secure=base_url.startswith("https:"))
    remote = RemoteTransfers(nodes, settings.transfer_hosts)
    return VOSpace(
        base_url=base_url,
        nodes=nodes,
        store=store,
        moves=NodeMoves(nodes),
        receiver=Receiver(nodes, store, LinkSigner(key, "upload", seconds=_UPLOAD_SECONDS)),
        endpoints=endpoints,
        negotiator=negotiator,
        remote=remote,
        jobs=NodeJobs(nodes, negotiator, remote, identity_of),
        signer=LinkSigner(key, "negotiation", seconds=_LINK_SECONDS),
    )
