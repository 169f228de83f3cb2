"""A state of the lab as a piece of a web address."""

from __future__ import annotations

import base64
import binascii
import zlib

from .state import LabError, LabState

MAX_LINK, MAX_JSON = 16_000, 400_000
BROKEN_LINK = "This link holds no state of the lab that can be read; you see the lab as it starts."


def to_link(state: LabState) -> str:
    """Letters, digits, - and _ only."""
    packed = zlib.compress(state.to_json().encode(), 9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_link(link: str) -> LabState:
    """What `to_link` wrote. Raises LabError for everything else, however large it would become."""
    try:
        if len(link) > MAX_LINK or not link.isascii():
            raise ValueError(link[:20])
        opener = zlib.decompressobj()
        packed = base64.b64decode(link + "=" * (-len(link) % 4), altchars=b"-_", validate=True)
        text = opener.decompress(packed, MAX_JSON).decode()
        if not opener.eof:
            raise ValueError("cut off, or too large")
        return LabState.from_json(text)
    except (ValueError, binascii.Error, zlib.error, LabError) as error:
        raise LabError(BROKEN_LINK) from error
