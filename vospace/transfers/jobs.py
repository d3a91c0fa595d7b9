"""UWS jobs on nodes: transfers, recursive deletion, recursive properties."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.auth.models import Identity, Scope
from core.errors import PhotozError
from uws import ClientWork, Job, JobContext, JobKind, JobResult
from vospace.documents.requests import read_node
from vospace.documents.transfers import PULL_TO, PUSH_FROM, Transfer, read_transfer
from vospace.faults import fault_summary
from vospace.service import NodeService
from vospace.transfers.moves import NodeMoves
from vospace.transfers.negotiation import Negotiator
from vospace.transfers.remote import RemoteTransfers
from vospace.uris import AUTO

__all__ = ["BODY", "DELETE_JOB", "PROPERTIES_JOB", "TARGET", "TRANSFER_JOB", "NodeJobs"]

#: Names of the kinds of job.
TRANSFER_JOB, DELETE_JOB, PROPERTIES_JOB = "vospace-transfer", "vospace-delete", "vospace-properties"

#: Name of the job parameter with the client's document.
BODY = "DOCUMENT"

#: Id of the result with the URI of a node whose name the service chose.
TARGET = "target"

_TRANSFER_SECONDS = 3600
#: Time in which a client has to use the endpoint of a job; its use renews this.
_ENDPOINT_SECONDS = 900.0
_EXPIRED = "Internal Fault: The bytes of this transfer had not arrived when its endpoint ended."


class _FaultError(PhotozError):
    """Raised with a message that begins with the name of the fault, because a stored job error has only a message."""


class NodeJobs:
    """Functions of the jobs on nodes.

    Parameters
    ----------
    identity_of
        Returns the identity of an account with a scope.
    """

    def __init__(
        self,
        nodes: NodeService,
        moves: NodeMoves,
        negotiator: Negotiator,
        remote: RemoteTransfers,
        identity_of: Callable[[str, Scope], Identity],
    ) -> None:
        self._nodes = nodes
        self._moves = moves
        self._negotiator = negotiator
        self._remote = remote
        self._identity_of = identity_of

    def kinds(self) -> Iterator[JobKind]:
        """Yield the kinds of job."""
        yield JobKind(
            TRANSFER_JOB,
            self.transfer,
            seconds=_TRANSFER_SECONDS,
            begin=self.begin_transfer,
            expired=_EXPIRED,
            label="Transfer, move or copy in VOSpace",
            path="/vospace/transfers",
        )
        yield JobKind(DELETE_JOB, self.delete, label="Deletion in VOSpace", path="/vospace/async-delete")
        yield JobKind(
            PROPERTIES_JOB, self.set_properties, label="Properties in VOSpace", path="/vospace/async-setprops"
        )

    def begin_transfer(self, job: Job) -> ClientWork | None:
        """Negotiate a transfer by the client, whose job is EXECUTING until the bytes have moved (VOSpace 2.1 §6.3)."""
        with _faults():
            transfer = read_transfer(job.parameters[BODY].encode())
            if transfer.is_internal or transfer.direction in {PULL_TO, PUSH_FROM}:
                return None
            negotiated = self._negotiator.check(job.identity(self._identity_of), transfer)
            details = JobResult("transferDetails", "results/transferDetails", "text/xml")
            nodes = [JobResult(*each) for each in self._nodes_of(transfer, negotiated.transfer.targets[0])]
            return ClientWork((details, *nodes), 0.0 if negotiated.outside else _ENDPOINT_SECONDS)

    def transfer(self, context: JobContext) -> None:
        """Move or copy a node, or transfer bytes from or to another server."""
        with _faults():
            identity, transfer = (
                context.job.identity(self._identity_of),
                read_transfer(context.parameters[BODY].encode()),
            )
            if transfer.is_internal:
                self._move(identity, transfer, context)
                return
            for name, uri in self._nodes_of(transfer, self._remote.run(identity, transfer, context.progress)):
                context.add_result(name, uri)

    def delete(self, context: JobContext) -> None:
        """Delete a node and its descendants where possible."""
        with _faults():
            path = self._nodes.uris.path_of(context.parameters["TARGET"])
            _count(context, *self._nodes.delete_all(context.job.identity(self._identity_of), path))

    def set_properties(self, context: JobContext) -> None:
        """Set properties of a node and its descendants where possible."""
        with _faults():
            request = read_node(context.parameters[BODY].encode())
            path = self._nodes.uris.path_of(request.uri)
            _count(context, *self._nodes.change_all(context.job.identity(self._identity_of), path, request))

    def _nodes_of(self, transfer: Transfer, uri: str) -> Iterator[tuple[str, str]]:
        """Yield the results that name the node, also as ``target`` if the service chose its name (§6.3.1)."""
        yield "dataNode", uri
        if self._nodes.uris.path_of(uri) != self._nodes.uris.path_of(transfer.targets[0]):
            yield TARGET, uri

    def _move(self, identity: Identity, transfer: Transfer, context: JobContext) -> None:
        uris = self._nodes.uris
        source, destination = uris.path_of(transfer.targets[0]), uris.path_of(transfer.direction)
        target = self._moves.run(identity, source, destination, keep=transfer.keep_bytes)
        context.add_result("destination" if destination[-1:] == (AUTO,) else "dataNode", uris.of(target))


@contextmanager
def _faults() -> Iterator[None]:
    """Raise errors again with the name of the fault at the beginning of the message."""
    try:
        yield
    except PhotozError as e:
        raise _FaultError(fault_summary(e)) from e


def _count(context: JobContext, done: int, failed: int) -> None:
    context.progress(1.0, f"{done} nodes done, {failed} failed")
    context.add_result("successcount", f"final:{done}")
    if failed:  # clients treat the presence of this result as a failure
        context.add_result("errorcount", f"final:{failed}")
