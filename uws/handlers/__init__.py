"""UWS over HTTP: the resource tree of a job list, its XML documents, blocking requests and server-sent events."""

from uws.handlers.events import job_events
from uws.handlers.job_list import JobList
from uws.handlers.parameters import parse_run
from uws.handlers.routes import ErrorAnswer, JobRenderer, JobResources, ParameterReader, ResultAnswer, uws_routes
from uws.handlers.waiting import job_states

__all__ = [
    "ErrorAnswer",
    "JobList",
    "JobRenderer",
    "JobResources",
    "ParameterReader",
    "ResultAnswer",
    "job_events",
    "job_states",
    "parse_run",
    "uws_routes",
]
