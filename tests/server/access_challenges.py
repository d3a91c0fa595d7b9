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
    ("GET", "/challenges"): ({"*": 200}, {}),
    ("GET", "/challenges/new"): ({"nobody": 303, "admin": 200, "*": 403}, {}),
    ("POST", "/challenges/new"): (
        {"nobody": 303, "admin": 400, "*": 403},
        {"data": {"name": "x", "definition": "a: 1"}},
    ),
    **{
        ("GET", f"/challenges/{{name}}{part}"): ({"*": 404}, {"url": f"/challenges/none{part}"})
        for part in ("", "/board", "/edit")
    },
    ("GET", "/challenges/{name}/compare"): ({"*": 404}, {"url": "/challenges/none/compare?first=1&second=2"}),
    **{
        ("POST", f"/challenges/{{name}}/{part}"): ({"*": 404}, {"url": f"/challenges/none/{part}", "data": {"a": "b"}})
        for part in ("edit", "state")
    },
    ("GET", "/challenges/{name}/submissions/{number}"): (
        {"nobody": 303, "*": 404},
        {"url": "/challenges/none/submissions/1"},
    ),
    **{
        ("POST", f"/challenges/{{name}}/submissions{part}"): (
            {"nobody": 303, "admin_reading": 403, "owner_reading": 403, "*": 404},
            {"url": f"/challenges/none/submissions{part.format(number=1)}", "data": {"method": "m"}},
        )
        for part in ("", "/{number}/withdraw", "/{number}/score")
    },
}
