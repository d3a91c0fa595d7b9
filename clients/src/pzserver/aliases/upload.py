"""Uploads under the name of their module in version 0.3."""

from pzserver.compat.uploads import RequiredColumnsException, UploadData
from pzserver.uploads import PzUpload

__all__ = ["PzUpload", "RequiredColumnsException", "UploadData"]
