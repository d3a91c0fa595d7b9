"""What a browser is told to do with the bytes of a node: show them, or save them (RFC 6266).

Files of people are served from the address of the site itself, so nothing of them may ever run as a page. What a
browser renders with scripts, styles or links in it is saved, whatever its name says; the rest may be shown. Answers
with bytes have ``nosniff`` and a sandbox as well, so that this is not the only fence. Pages of the site may load
scripts and styles from the site, so files never bear the media types of these.
"""

import re
from urllib.parse import quote

__all__ = ["file_disposition", "is_inert", "sent_media_type"]

_INERT = re.compile(r"(application|audio|font|image|text|video)/[a-z0-9][a-z0-9!#$&^_.+-]*")
_ACTIVE = re.compile(r"xml|html|svg|xsl|script|pdf|java|flash|signed-exchange|xpinstall|extension|\bhta\b")
_LOADED = re.compile(r"(java|ecma|live|j|vb)script|css")
_UNQUOTABLE = frozenset('"\\%;')


def file_disposition(name: str, media_type: str) -> str:
    """Give the header that says under which name a file is saved, and whether it may be shown."""
    word = "inline" if is_inert(media_type) else "attachment"
    plain = "".join(c if c.isascii() and c.isprintable() and c not in _UNQUOTABLE else "_" for c in name)
    given = f'{word}; filename="{plain}"'
    return given if plain == name else f"{given}; filename*=UTF-8''{quote(name, safe='')}"


def is_inert(media_type: str) -> bool:
    """Say whether a browser has nothing to run in bytes of a media type; of one that cannot be read it is not known."""
    essence = media_type.partition(";")[0].strip().lower()
    return _INERT.fullmatch(essence) is not None and _ACTIVE.search(essence) is None


def sent_media_type(media_type: str) -> str:
    """Give the media type under which bytes are sent: scripts and styles are bytes like others."""
    return "application/octet-stream" if _LOADED.search(media_type.lower()) else media_type
