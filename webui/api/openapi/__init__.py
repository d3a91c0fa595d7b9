"""OpenAPI document of the REST API."""

from webui.api.openapi.document import api_document

__all__ = ["api_document"]
