"""The data explorer while no query gets its turn."""

import httpx2

from server.services import Services
from tap.engine import busy_error


class _BusyEngine:
    """`QueryEngine` whose queue is full."""

    def admit(self, *_: object) -> None:
        raise busy_error()

    def close(self) -> None:
        pass


def test_a_busy_engine_is_told_on_the_page(visitor: httpx2.Client, services: Services):
    services.tap.engine = _BusyEngine()
    for page in ("/explore?table=photoz.products", "/explore/column?table=photoz.products&column=table_name"):
        answer = visitor.get(page)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert 'role="alert"' in answer.text
    assert visitor.get("/explore/row?table=photoz.products&row=1").status_code == 503
    assert "Add a filter" in visitor.get("/explore?table=photoz.products").text
    assert visitor.get("/explore").status_code == 200
