"""Who may ask for the routes of challenges, with the answers that each person gets when there is none."""

from typing import Any

__all__ = ["CHALLENGES"]

#: For each actor the status, "*" for the rest; and what is sent.
CHALLENGES: dict[tuple[str, str], tuple[dict[str, int], dict[str, Any]]] = {
    ("GET", "/api/challenges"): ({"*": 200}, {}),
    ("POST", "/api/challenges"): ({"nobody": 401, "admin": 400, "*": 403}, {"json": {"name": "new"}}),
    **{
        (method, f"/api/challenges/{{name}}{part}"): ({"*": 404}, {"url": f"/api/challenges/none{part}", "json": {}})
        for method, part in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/board"))
    },
    **{
        ("GET", f"/api/challenges/{{name}}/submissions{part}"): (
            {"nobody": 401, "*": 404},
            {"url": f"/api/challenges/none/submissions{part.format(number=1)}"},
        )
        for part in ("", "/{number}", "/{number}/scores", "/{number}/log")
    },
    **{
        ("POST", f"/api/challenges/{{name}}/submissions{part}"): (
            {"nobody": 401, "admin_reading": 403, "owner_reading": 403, "*": 404},
            {"url": f"/api/challenges/none/submissions{part.format(number=1)}", "json": {"product": 1, "method": "m"}},
        )
        for part in ("", "/{number}/withdraw", "/{number}/score")
    },
}
