"""Route that FastAPI analyses when it is first used, and not when it is declared."""

from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import compile_path, get_name

__all__ = ["LazyRoute"]

#: One route at a time is analysed: FastAPI changes the filters of warnings meanwhile, which all threads share.
_ANALYSIS = RLock()


class LazyRoute(APIRoute):
    """Route that has what requests are matched by from the start, and all the rest from its first use on.

    FastAPI analyses the parameters of a route when it is constructed, which takes milliseconds of processor time. A
    process uses few of the hundreds of routes that it declares. What is wrong with the parameters or the response of a
    route is therefore raised when it is first used; the OpenAPI document uses all that it describes.

    Parameters
    ----------
    path, endpoint, methods, name, include_in_schema, **options
        As in `fastapi.routing.APIRoute`.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: Iterable[str] | None = None,
        name: str | None = None,
        include_in_schema: bool = True,
        **options: Any,
    ) -> None:
        self.path = path
        self.endpoint = endpoint
        self.methods = {method.upper() for method in methods or ("GET",)}
        self.name = get_name(endpoint) if name is None else name
        self.include_in_schema = include_in_schema
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self._options: dict[str, Any] | None = options

    def __getattr__(self, name: str) -> Any:
        """Analyse the route, because an attribute is not there yet."""
        if name.startswith("__") or vars(self).get("_options") is None:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self)
        with _ANALYSIS:
            options = self._options
            if options is not None:  # no other thread has done it in the meantime
                super().__init__(
                    self.path,
                    self.endpoint,
                    methods=self.methods,
                    name=self.name,
                    include_in_schema=self.include_in_schema,
                    **options,
                )
                self._options = None
        return getattr(self, name)
