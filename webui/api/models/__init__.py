"""Pydantic models of the responses of the REST API, the components of its OpenAPI document.

The handlers send plain objects, because the list of products may have all of them; tests validate real responses
against these models.
"""
