"""The documentation of the installed version: its documents, their sections, and a search of them."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import webui
from core.errors import NotFoundError
from core.markdown import plain_text

__all__ = ["Document", "Documentation", "Found", "Section", "slug"]

#: Documents for users, in this order, then those for operators; others that are there follow.
_ORDER = {
    "For users": (
        "tutorial", "pages", "todays-server", "formats", "explorer", "plots", "queries", "estimates", "pipelines",
        "validation", "challenges", "registry", "vospace", "library", "rest", "glossary",
    ),
    "Notebooks": ("first-estimates", "from-0-3-7", "topcat-and-pyvo", "lsdb-and-rail", "a-challenge"),
    "For operators": (
        "settings", "operations", "upgrading", "survey-catalogues", "security", "demo-data", "architecture",
    ),
}  # fmt: skip
_OTHERS = "More"
#: Address of a server in examples, which becomes that of this one.
_EXAMPLE = "http://127.0.0.1:8000"
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"\s*(```|~~~)")
#: Begin and end of the content of a notebook's page.
_START, _END = '<main class="notebook">', "</main>"
_MOST_FOUND = 30
_AROUND = 90
_HEADING_WEIGHT = 10


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a document: its heading and its text in Markdown, without the heading."""

    title: str
    anchor: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document in Markdown.

    Parameters
    ----------
    notebook
        Content of its page in HTML, with the outputs of its cells, when it is a notebook.
    """

    name: str
    title: str
    text: str
    sections: tuple[Section, ...]
    notebook: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A section that a search found, with the text around the first word."""

    document: Document
    section: Section
    excerpt: str


class Documentation:
    """The documents of a folder, read once.

    Parameters
    ----------
    public_url
        Address of this server, for examples.
    folder
        By default the one in the installed package, or in a checkout.
    """

    def __init__(self, public_url: str, folder: Path | None = None) -> None:
        self.folder = folder or _folder()
        self._public_url = public_url
        self._read: dict[str, Document] = {}

    def groups(self) -> dict[str, list[Document]]:
        """Return the documents by the people that they are for."""
        documents = self._documents()
        known = {name for names in _ORDER.values() for name in names}
        groups = {label: [documents[name] for name in names if name in documents] for label, names in _ORDER.items()}
        groups[_OTHERS] = [document for name, document in documents.items() if name not in known]
        return {label: listed for label, listed in groups.items() if listed}

    def document(self, name: str) -> Document:
        """Find a document.

        Raises
        ------
        NotFoundError
            There is none of this name.
        """
        found = self._documents().get(name)
        if found is None:
            message = f"There is no page '{name:.60}' in the help. Search it, or choose a page of the list."
            raise NotFoundError(message)
        return found

    def picture(self, name: str) -> Path:
        """Find a picture of the documents."""
        path = self.folder / "images" / name
        if path.suffix not in {".png", ".svg"} or path.parent != self.folder / "images" or not path.is_file():
            message = f"There is no picture '{name:.60}' in the help."
            raise NotFoundError(message)
        return path

    def notebook(self, name: str) -> str:
        """Return a notebook as its file, with the address of this server in its code."""
        document = self.document(name)
        if document.notebook is None:
            message = f"'{name:.60}' is no notebook."
            raise NotFoundError(message)
        text = (self.folder / "notebooks" / f"{document.name}.ipynb").read_text(encoding="utf-8")
        return text.replace(_EXAMPLE, self._public_url)

    def search(self, text: str) -> list[Found]:
        """Return the sections that have all words of a text, those with the words in their headings first."""
        words = text.lower().split()
        if not words:
            return []
        found: list[tuple[int, Document, Section]] = []
        for document in self._documents().values():
            for section in document.sections:
                heading, body = f"{document.title} {section.title}".lower(), section.text.lower()
                if all(word in heading or word in body for word in words):
                    weight = sum(_HEADING_WEIGHT * (word in section.title.lower()) + body.count(word) for word in words)
                    found.append((weight, document, section))
        found.sort(key=lambda each: -each[0])
        return [Found(document, section, _excerpt(section.text, words)) for _, document, section in found[:_MOST_FOUND]]

    def _documents(self) -> dict[str, Document]:
        if not self._read:
            for path in sorted(self.folder.glob("*.md")):
                text = path.read_text(encoding="utf-8").replace(_EXAMPLE, self._public_url)
                self._read[path.stem] = _document(path.stem, text)
            for path in sorted((self.folder / "notebooks").glob("*.ipynb")):
                text, page = (
                    each.read_text(encoding="utf-8").replace(_EXAMPLE, self._public_url)
                    for each in (path, path.with_suffix(".html"))
                )
                content = page.partition(_START)[2].rpartition(_END)[0]
                self._read[path.stem] = replace(_document(path.stem, _markdown_of(text)), notebook=content)
        return self._read


def slug(heading: str) -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", plain_text(heading).lower()).replace(" ", "-")


def _markdown_of(notebook: str) -> str:
    """Return the text of a notebook with its code in fences."""
    cells = [(cell["cell_type"] == "code", "".join(cell["source"])) for cell in json.loads(notebook)["cells"]]
    return "\n\n".join(f"```python\n{source}\n```" if is_code else source for is_code, source in cells)


def _folder() -> Path:
    package = Path(webui.__file__).parent
    installed = package / "docs"
    return installed if installed.is_dir() else package.parent / "docs"


def _document(name: str, text: str) -> Document:
    sections: list[Section] = []
    title, level, is_code = name, 1, False
    lines: list[str] = []
    seen: dict[str, int] = {}

    def end() -> None:
        anchor = slug(title)
        number = seen[anchor] = seen.get(anchor, -1) + 1
        sections.append(Section(title, f"{anchor}-{number}" if number else anchor, level, "\n".join(lines).strip()))

    for line in text.splitlines():
        is_code ^= _FENCE.match(line) is not None
        heading = None if is_code else _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        if lines or sections or title != name:
            end()
        title, level, lines = plain_text(heading[2]), len(heading[1]), []
    end()
    return Document(name, sections[0].title, text, tuple(sections))


def _excerpt(text: str, words: list[str]) -> str:
    plain = plain_text(text)
    places = [place for word in words if (place := plain.lower().find(word)) >= 0]
    start = max(0, min(places, default=0) - _AROUND)
    start = plain.rfind(" ", 0, start) + 1 if start else 0
    piece = plain[start : start + 3 * _AROUND]
    return f"{'… ' * bool(start)}{piece}{' …' * (start + len(piece) < len(plain))}"
