"""How files of products are answered with, wherever they are asked for."""

from fastapi import Request, Response

from core.web.routes import counted_answer, file_answer
from products.files.downloads import FileDownload

__all__ = ["download_answer"]


def download_answer(request: Request, download: FileDownload) -> Response:
    """Answer with a file or a range of it, and have it counted once it was sent to its end."""
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
