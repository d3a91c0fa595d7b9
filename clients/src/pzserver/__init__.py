"""Client library of the Photo-z Server: find, read, query and upload data products."""

from importlib.metadata import version

from pzserver.errors import (
    AuthenticationError,
    BrokenDownloadError,
    InvalidValueError,
    NotFoundError,
    PermissionDeniedError,
    PzServerError,
    RequestError,
    RequiredColumnsError,
)
from pzserver.processes import CRCProcess, FailedRunError, Process, TSMProcess, VEProcess
from pzserver.products import PzProduct
from pzserver.server import PzServer
from pzserver.uploads import PzUpload

__all__ = [
    "AuthenticationError",
    "BrokenDownloadError",
    "CRCProcess",
    "FailedRunError",
    "InvalidValueError",
    "NotFoundError",
    "PermissionDeniedError",
    "Process",
    "PzProduct",
    "PzServer",
    "PzServerError",
    "PzUpload",
    "RequestError",
    "RequiredColumnsError",
    "TSMProcess",
    "VEProcess",
    "__version__",
]

__version__ = version("pzserver")
