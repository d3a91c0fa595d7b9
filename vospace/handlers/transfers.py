"""Transfers over HTTP: synchronous (``/synctrans``), or as jobs (with ``/async-delete`` and ``/async-setprops``).

A synchronous transfer redirects to a URL like that of a job (VOSpace 2.1 §6.3.4), because clients read its phase and
its error below that URL. No job is stored: the id in the URL is a signed ticket with the result of the negotiation.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse
from lxml import etree

from core.auth.dependencies import Authenticator
from core.auth.models import Identity
from core.auth.signing import LinkSigner
from core.database import utc_now
from core.errors import InvalidValueError, NotFoundError, PermissionDeniedError, PhotozError
from core.web.dali import DaliParameters
from core.web.parameters import read_parameters
from core.web.routes import add_routers
from uws import Job, JobResult, JobService, Phase
from uws.handlers import JobList, JobResources, ParameterReader, uws_routes
from uws.handlers.documents import job_document
from vospace.documents.requests import read_node
from vospace.documents.transfers import (
    PULL_FROM,
    ProtocolRequest,
    Transfer,
    add_transfer,
    read_transfer,
    transfer_document,
    transfer_of_parameters,
)
from vospace.faults import InvalidArgumentError, fault_of_summary, fault_summary, fault_text
from vospace.handlers.nodes import read_body
from vospace.transfers.jobs import BODY, DELETE_JOB, PROPERTIES_JOB, TARGET, TRANSFER_JOB
from vospace.transfers.negotiation import Negotiated, Negotiator
from vospace.transfers.signed_urls import Direction
from vospace.uris import node_path

__all__ = ["add_sync_routes", "job_routes"]

_XML = "text/xml"
_READ = ["GET", "HEAD"]
_UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
#: Some clients replace this word in URLs, so no ticket contains it.
_FORBIDDEN = "xfer"


def add_sync_routes(
    router: APIRouter, authenticate: Authenticator, negotiator: Negotiator, signer: LinkSigner, base_url: str
) -> None:
    """Add the routes of synchronous transfers."""
    tickets = _Tickets(signer)

    @router.get("/synctrans")
    @router.post("/synctrans")
    async def negotiate(request: Request, identity: Identity = Depends(authenticate)) -> Response:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method == "POST" and media_type not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
            transfer = read_transfer(await read_body(request))
            ticket = await run_in_threadpool(_ticket, tickets, negotiator, identity, transfer)
            return _see(f"{base_url}/transfers/sync-{ticket}/results/transferDetails")
        parameters = await read_parameters(request)
        answer = await run_in_threadpool(_answer_parameters, negotiator, identity, parameters)
        redirect = (parameters.one("REQUEST") or "").lower() in {"redirect", "true"}
        if redirect and answer.direction == PULL_FROM:
            return _see(answer.protocols[0].endpoint or "")
        return Response(transfer_document(answer), media_type=_XML)

    def add(part: str, answer: Callable[[Identity, "_Ticket", str], Response]) -> None:
        @router.api_route(f"/transfers/sync-{{ticket}}{part}", methods=_READ)
        def read(ticket: str, identity: Identity = Depends(authenticate)) -> Response:
            return answer(identity, tickets.read(ticket, identity), ticket)

    def details(identity: Identity, ticket: "_Ticket", _id: str) -> Response:
        transfer = ticket.transfer if ticket.fault else negotiator.answer(identity, ticket.negotiated())
        return Response(transfer_document(transfer.with_protocols(()) if ticket.fault else transfer), media_type=_XML)

    def error(_identity: Identity, ticket: "_Ticket", _id: str) -> Response:
        if not ticket.fault:
            message = "This job has no error."
            raise NotFoundError(message)
        return PlainTextResponse(fault_of_summary(ticket.fault))

    add("/results/transferDetails", details)
    add("/phase", lambda _identity, ticket, _id: PlainTextResponse("ERROR" if ticket.fault else "COMPLETED"))
    add("/error", error)
    add("", lambda _identity, ticket, key: Response(_sync_job(ticket, key, f"{base_url}/transfers"), media_type=_XML))


def job_routes(
    jobs: JobService, authenticate: Authenticator, negotiator: Negotiator, base_url: str, prefix: str
) -> APIRouter:
    """Return the router of the jobs of VOSpace.

    Parameters
    ----------
    base_url, prefix
        URL of the VOSpace, and its path.
    """

    def details(_request: Request, identity: Identity, job: Job, _result: JobResult) -> Response:
        transfer = read_transfer(job.parameters[BODY].encode())
        if chosen := next((each.href for each in job.results if each.id == TARGET), None):
            transfer = replace(transfer, targets=(chosen,))
        is_read_again = job.phase is Phase.COMPLETED and transfer.direction == PULL_FROM
        if job.phase.ended and not is_read_again:
            return Response(transfer_document(transfer.with_protocols(())), media_type=_XML)
        try:
            answer = negotiator.answer(identity, negotiator.check(identity, transfer), job.id)
        except PhotozError as e:
            return PlainTextResponse(fault_text(e), e.status)
        return Response(transfer_document(answer), media_type=_XML)

    def link(_request: Request, _identity: Identity, _job: Job, result: JobResult) -> Response:
        return PlainTextResponse(result.href)

    def error(sentence: str) -> Response:
        return PlainTextResponse(fault_of_summary(sentence))

    def with_transfer(job: Job, document: bytes) -> bytes:
        return _with_info(document, read_transfer(job.parameters[BODY].encode()))

    router = APIRouter()
    kinds = (
        (
            "transfers",
            TRANSFER_JOB,
            BODY,
            JobResources(result=details, error=error, read=_reader(read_transfer), document=with_transfer),
        ),
        ("async-delete", DELETE_JOB, "TARGET", JobResources(result=link, error=error)),
        ("async-setprops", PROPERTIES_JOB, BODY, JobResources(result=link, error=error, read=_reader(read_node))),
    )
    for path, kind, name, resources in kinds:
        collection = JobList(jobs, kind, f"{base_url}/{path}", (name,), is_strict=True)
        add_routers(router, uws_routes(f"{prefix}/{path}", collection, authenticate, resources))
    return router


class _Ticket:
    """Result of a synchronous negotiation: the transfer, and either its nodes or its fault."""

    def __init__(self, content: dict[str, object]) -> None:
        given = dict(content["transfer"])  # type: ignore[call-overload]  # this server wrote and signed it
        protocols = [ProtocolRequest(each["uri"], None, tuple(each["security"])) for each in given.pop("protocols")]
        targets = tuple(given.pop("targets"))
        self.transfer = Transfer(**given, targets=targets, protocols=tuple(protocols))
        self.fault = str(content.get("fault") or "")
        self.is_chosen = bool(content.get("chosen"))
        self.user = str(content.get("user") or "")
        self.made = datetime.fromtimestamp(float(str(content.get("made") or 0)), UTC)
        self._content = content

    def negotiated(self) -> Negotiated:
        """Return the negotiated transfer."""
        paths = tuple(node_path(str(path)) for path in self._content["paths"])  # type: ignore[attr-defined]  # the same
        outside = self._content.get("outside")
        direction = Direction(str(self._content["way"]))
        return Negotiated(self.transfer, paths, direction, None if outside is None else str(outside))


class _Tickets:
    """Sign tickets for one user each, and read them."""

    def __init__(self, signer: LinkSigner) -> None:
        self._signer = signer

    def write(self, identity: Identity, transfer: Transfer, **content: object) -> str:
        made, user = utc_now().timestamp(), identity.name or ""
        negotiation = json.dumps({"transfer": asdict(transfer), "made": made, "user": user, **content})
        for salt in range(100):
            ticket = self._signer.sign({"said": negotiation, "user": user, "salt": salt})
            if _FORBIDDEN not in ticket:
                break
        return ticket

    def read(self, ticket: str, identity: Identity) -> _Ticket:
        """Return the content of a ticket; raise NotFoundError when it is not valid or belongs to another user."""
        try:
            content = self._signer.read(ticket)
        except PermissionDeniedError as e:
            raise _no_job() from e
        if content.get("user") != (identity.name or ""):
            raise _no_job()
        return _Ticket(json.loads(str(content["said"])))


def _ticket(tickets: _Tickets, negotiator: Negotiator, identity: Identity, transfer: Transfer) -> str:
    try:
        negotiated = negotiator.check(identity, transfer)
    except PhotozError as e:
        return tickets.write(identity, transfer, fault=fault_summary(e))
    paths = ["/".join(path) for path in negotiated.paths]
    return tickets.write(
        identity,
        negotiated.transfer,
        paths=paths,
        way=str(negotiated.direction),
        outside=negotiated.outside,
        chosen=negotiated.transfer.targets != transfer.targets,
    )


def _answer_parameters(negotiator: Negotiator, identity: Identity, parameters: DaliParameters) -> Transfer:
    return negotiator.answer(identity, negotiator.check(identity, transfer_of_parameters(parameters)))


def _reader(check: Callable[[bytes], object]) -> ParameterReader:
    """Return a function that reads the parameters of a job from a request whose body is a document."""

    async def read(request: Request) -> DaliParameters:
        body = await read_body(request)
        try:
            check(body)
            text = body.decode()
        except UnicodeDecodeError as e:
            message = "InvalidArgument: Documents must be encoded in UTF-8."
            raise InvalidArgumentError(message) from e
        except InvalidValueError as e:
            raise InvalidArgumentError(fault_text(e)) from e
        return DaliParameters([*request.query_params.multi_items(), (BODY, text)])

    return read


def _with_info(document: bytes, transfer: Transfer) -> bytes:
    """Add the transfer of a job to its document, as its jobInfo (VOSpace 2.1 §3.6.1)."""
    root = etree.fromstring(document)
    info = root.find(f"{_UWS}jobInfo")
    if info is None:
        info = etree.SubElement(root, f"{_UWS}jobInfo")
    info.attrib.clear()
    add_transfer(info, transfer)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _sync_job(ticket: "_Ticket", ticket_id: str, base: str) -> bytes:
    """Write the job document of a synchronous transfer, with the results that one at ``/transfers`` has (§6.3.1)."""
    targets = [] if ticket.fault else [("dataNode", ticket.transfer.targets[0])]
    if ticket.is_chosen:
        targets.append((TARGET, ticket.transfer.targets[0]))
    results = [JobResult(*each) for each in targets]
    if not ticket.fault:
        results.insert(0, JobResult("transferDetails", "results/transferDetails", _XML))
    job = Job(
        id=f"sync-{ticket_id}",
        kind=TRANSFER_JOB,
        owner=ticket.user or None,
        phase=Phase.ERROR if ticket.fault else Phase.COMPLETED,
        run_id=None,
        parameters={},
        results=tuple(results),
        error=ticket.fault or None,
        progress=1.0,
        message="",
        created=ticket.made,
        started=ticket.made,
        ended=ticket.made,
        destruction=None,
        quote=None,
        execution_duration=0,
    )
    return _with_info(job_document(job, base, (), has_detail=True), ticket.transfer)


def _see(address: str) -> Response:
    return Response(status_code=303, headers={"Location": address})


def _no_job() -> NotFoundError:
    message = "There is no such job, or it is not yours."
    return NotFoundError(message)
