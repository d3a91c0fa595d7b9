from fastapi import FastAPI
from fastapi.testclient import TestClient

from core.settings import Settings
from registry.handlers import registry_routes


def test_resource_caps_name_the_capabilities_of_the_services():
    app = FastAPI()
    app.include_router(registry_routes(Settings(authority="example.org", base_url="https://pz.example.org/")))

    answer = TestClient(app).get("/reg/resource-caps")

    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.splitlines() == [
        "ivo://example.org/tap = https://pz.example.org/tap/capabilities",
        "ivo://example.org/vospace = https://pz.example.org/vospace/capabilities",
        "ivo://example.org/gms = https://pz.example.org/gms/capabilities",
    ]
