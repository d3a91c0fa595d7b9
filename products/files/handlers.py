"""HTTP responses for files of products, used by all services that offer downloads."""

from fastapi import Request, Response

from core.web.routes import counted_answer, file_answer
from products.files.downloads import FileDownload

__all__ = ["download_answer"]


def download_answer(request: Request, download: FileDownload) -> Response:
    """Return the response with a file or a range of it; the download is counted when it has been sent completely."""
    file = download.file
    answer = file_answer(
        request,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        etag=file.sha256,
        modified=file.created_at,
        read=download.read,
    )
    return counted_answer(request, answer, file.size, download.counted)
