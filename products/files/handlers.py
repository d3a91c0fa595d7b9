"""HTTP responses for the files of products: single files, and zips of a product."""

from fastapi import Request, Response

from core.web.routes import counted_answer, file_answer
from products.files.downloads import FileDownload, ZipDownload

__all__ = ["download_answer", "zip_answer"]


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


def zip_answer(request: Request, download: ZipDownload, *, name: str | None = None) -> Response:
    """Return the response with a zip of known length, or a range of it; a download is counted like that of a file.

    Parameters
    ----------
    name
        Name of the zip, if not that of the download.
    """
    answer = file_answer(
        request,
        name=name or download.name,
        media_type="application/zip",
        size=download.size,
        etag=download.signature,
        modified=download.product.updated_at,
        read=download.read,
    )
    return counted_answer(request, answer, download.size, download.counted)
