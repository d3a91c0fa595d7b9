"""Lines to copy that read a product with the programs of others, as they stand: Python, TOPCAT, STILTS, LSDB, curl."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote
from urllib.parse import quote as quoted
from urllib.parse import urlsplit

from core.auth.models import ANONYMOUS, Identity
from core.errors import NotFoundError
from products.models import ProductFile
from products.service import ProductDetails
from webui.addresses import file_address
from webui.pages.products.product_view import ProductView
from webui.services import WebServices

__all__ = ["TOKEN_VARIABLE", "CopyLine", "CopyLines"]

#: Environment variable from which the lines take the token.
TOKEN_VARIABLE = "PZSERVER_TOKEN"  # noqa: S105 - its name

_TOKEN = f'"${TOKEN_VARIABLE}"'


@dataclass(frozen=True, slots=True)
class CopyLine:
    """Lines for one program.

    Parameters
    ----------
    id
        Id of the element, unique on the page.
    """

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class CopyLines:
    """All lines of a product, and whether they need a token.

    Parameters
    ----------
    adql
        Query for some of its rows; None when it has no table.
    """

    lines: tuple[CopyLine, ...]
    adql: str | None
    needs_token: bool

    @classmethod
    def of(cls, services: WebServices, identity: Identity, view: ProductView) -> "CopyLines":
        """Return the lines of a published product for an identity; they have a token unless the product is public."""
        details = view.details
        writer = _Writer(services, identity, details, needs_token=not _is_public(services, details))
        adql = None
        lines: list[CopyLine] = []
        if details.table is not None:
            adql = f"SELECT TOP 10 {', '.join(view.example_columns)}\nFROM {details.table.full_name}"
            lines += (CopyLine("adql", "ADQL", adql), *writer.of_table(adql, details.table.name))
            if details.table.ra and details.table.dec:
                lines.append(writer.lsdb())
        lines.append(writer.pzserver(has_estimates=bool(view.estimates)))
        if view.main_file is not None:
            lines += writer.of_file(view.main_file)
        return cls(tuple(lines), adql, writer.needs_token)


@dataclass(frozen=True, slots=True)
class _Writer:
    services: WebServices
    identity: Identity
    details: ProductDetails
    needs_token: bool

    @property
    def url(self) -> str:
        return self.services.settings.public_url

    def of_table(self, adql: str, name: str) -> Iterator[CopyLine]:
        # Who signs in by name and password is asked for them only by addresses that always ask.
        tap = f"{self.url}/auth/tap" if self.needs_token else f"{self.url}/tap"
        yield CopyLine("pyvo", "pyvo", self._pyvo(adql))
        title = "TOPCAT: VO → Table Access Protocol (TAP) Query → TAP URL"
        sign_in = "; sign in with your name, and a token as the password"
        yield CopyLine("topcat", title + sign_in * self.needs_token, tap)
        options = ""
        if self.needs_token:
            user = quote(self.identity.name or "NAME")
            options = f" -Dstar.basicauth.user={user} -Dstar.basicauth.password={_TOKEN}"
        query = quote(adql.replace("\n", " "))
        yield CopyLine(
            "stilts", "STILTS", f"stilts{options} tapquery tapurl={quote(tap)} adql={query} out={quote(f'{name}.fits')}"
        )

    def lsdb(self) -> CopyLine:
        address = json.dumps(f"{self.url}/hats/{quoted(self.details.product.internal_name, safe='')}")
        lines = ["import lsdb", "", f"catalog = lsdb.open_catalog({address})"]
        if self.needs_token:
            lines = [
                "import os",
                "import lsdb",
                "",
                f'headers = {{"Authorization": "Bearer " + os.environ["{TOKEN_VARIABLE}"]}}',
                f'catalog = lsdb.open_catalog({address}, storage_options={{"client_kwargs": {{"headers": headers}}}})',
            ]
        return CopyLine("lsdb", "LSDB (pip install lsdb), rows are read when they are needed", "\n".join(lines))

    def pzserver(self, *, has_estimates: bool) -> CopyLine:
        name = json.dumps(self.details.product.internal_name)
        lines = [
            "import os",
            "from pzserver import PzServer",
            "",
            f'server = PzServer(token=os.environ["{TOKEN_VARIABLE}"], host={json.dumps(f"{self.url}/api/")})',
            f"table = server.get_product({name})",
        ]
        if has_estimates:
            lines.append(f"ensemble = server.ensemble({name})  # a qp.Ensemble")
        return CopyLine("pzserver", "pzserver (always with a token)", "\n".join(lines))

    def of_file(self, file: ProductFile) -> Iterator[CopyLine]:
        product = self.details.product
        header = f' -H "Authorization: Bearer ${TOKEN_VARIABLE}"' if self.needs_token else ""
        address = quote(f"{self.url}{file_address(product.id, file.name)}")
        yield CopyLine("curl", "curl", f"curl --fail --location{header} --output {quote(file.name)} {address}")
        yield CopyLine("vcp", "vcp (pip install vos)", self._vcp(file))

    def _pyvo(self, adql: str) -> str:
        lines = ["import pyvo", ""]
        session = ""
        if self.needs_token:
            lines = ["import os", "import pyvo", "import requests", "", "session = requests.Session()"]
            lines.append(f'session.headers["Authorization"] = "Bearer " + os.environ["{TOKEN_VARIABLE}"]')
            session = ", session=session"
        lines.append(f'service = pyvo.dal.TAPService("{self.url}/tap"{session})')
        text = adql.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        lines.append(f'table = service.search("""\n{text}\n""").to_table()')
        return "\n".join(lines)

    def _vcp(self, file: ProductFile) -> str:
        settings, parts = self.services.settings, urlsplit(self.url)
        node = ("products", self.details.product.internal_name, file.name)
        token = f" --token {_TOKEN}" if self.needs_token else ""
        copy = f"vcp{token} {quote(self.services.vospace.nodes.uris.of(node))} {quote(f'./{file.name}')}"
        if parts.scheme == "https" and not parts.path:
            return f"VOSPACE_WEBSERVICE={quote(parts.netloc)} {copy}"
        entry = f"ivo://{settings.authority}/vospace = {self.url}/vospace/capabilities"
        folder = "~/.config/cadc-registry"
        return f"mkdir -p {folder}\necho {quote(entry)} > {folder}/resource-caps\n{copy}"


def _is_public(services: WebServices, details: ProductDetails) -> bool:
    """Return whether everybody may read a product: also its release may be closed to people who are not signed in."""
    try:
        services.products.service.get(ANONYMOUS, details.product.id)
    except NotFoundError:
        return False
    return True
