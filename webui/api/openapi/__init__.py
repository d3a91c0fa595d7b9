"""The OpenAPI description of the REST API: what FastAPI finds out, completed with bodies, filters and examples."""

from webui.api.openapi.document import api_document

__all__ = ["api_document"]
