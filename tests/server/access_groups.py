"""Who may ask for the REST routes of groups, with the answers that each person gets."""

from typing import Any

__all__ = ["GROUPS"]

#: For each actor the status, "*" for the rest; and what is sent.
GROUPS: dict[tuple[str, str], tuple[dict[str, int], dict[str, Any]]] = {
    ("GET", "/api/groups"): ({"nobody": 401, "*": 200}, {}),
    ("POST", "/api/groups"): (
        {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "*": 409},
        {"json": {"name": "team"}},
    ),
    # The group is the member's, who does not manage it; its number is 1.
    ("GET", "/api/groups/{group_id}"): (
        {"nobody": 401, "member": 200, "admin": 200, "*": 404},
        {"url": "/api/groups/1"},
    ),
    **{
        (method, f"/api/groups/{{group_id}}{part}"): (
            {"nobody": 401, "owner_reading": 403, "admin_reading": 403, "member": 403, "admin": answer, "*": 404},
            {"url": f"/api/groups/1{part.format(user='no one')}", "json": sent},
        )
        for method, part, sent, answer in (
            ("PATCH", "", {"description": "d"}, 200),
            ("DELETE", "", {}, 409),  # it restricts a release
            ("PUT", "/members/{user}", {}, 400),
            ("DELETE", "/members/{user}", {}, 404),
        )
    },
}
