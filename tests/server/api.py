"""The REST API as a script speaks it, with nothing of the server's code."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

__all__ = ["Api"]


@dataclass(frozen=True, slots=True)
class Api:
    """One user's requests.

    Parameters
    ----------
    base_url
        Address of the server, without a trailing slash.
    """

    base_url: str
    token: str

    def call(self, method: str, path: str, **keywords: Any) -> requests.Response:
        """Send a request."""
        headers = {"Authorization": f"Token {self.token}", **keywords.pop("headers", {})}
        return requests.request(method, f"{self.base_url}/api/{path}", headers=headers, timeout=120, **keywords)

    def json(self, method: str, path: str, **keywords: Any) -> Any:
        """Send a request that must succeed, and give its JSON."""
        answer = self.call(method, path, **keywords)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def type_id(self, name: str) -> int:
        """Give the number of a product type."""
        return int(self.json("GET", f"product-types/?name={name}")["results"][0]["id"])

    def upload(self, name: str, kind: str, path: Path, *, visibility: str = "registered") -> dict[str, Any]:
        """Begin a product and send its main file as a form."""
        product = self.json(
            "POST",
            "products/",
            json={"display_name": name, "product_type": self.type_id(kind), "visibility": visibility},
        )
        with path.open("rb") as file:
            self.json(
                "POST", "product-files/", data={"product": product["id"], "role": 0}, files={"file": (path.name, file)}
            )
        return product

    def inspected(self, product_id: int) -> dict[str, Any]:
        """Have the main file looked into, and give what was found."""
        self.json("POST", f"products/{product_id}/inspect/")
        for _ in range(3):
            found: dict[str, Any] = self.json("GET", f"products/{product_id}/inspection/?wait=60")
            if found["state"] != "running":
                break
        assert found["state"] in {"done", "failed", "not_a_table"}, found
        return found

    def publish(self, name: str, kind: str, path: Path, meanings: dict[str, str], **keywords: Any) -> dict[str, Any]:
        """Take a file all the way, and give the product with its inspection and the name of its table."""
        product = self.upload(name, kind, path, **keywords)
        found = self.inspected(product["id"])
        assert found["state"] == "done", found["error"]
        self.json("PUT", f"products/{product['id']}/columns/", json=meanings)
        published = self.json("POST", f"products/{product['id']}/publish/")
        assert published["status"] == 1, published
        found = self.json("GET", f"products/{product['id']}/inspection/")
        return {**published, "tap_table": found["tap_table"], "found": found["found"]}
