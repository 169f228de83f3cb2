"""Text that a command writes into a document: what stands between two markers is replaced, the rest stays."""

from __future__ import annotations

from pathlib import Path

from .atomic import atomic_write


def replace_between(document: Path, markers: tuple[str, str], text: str) -> None:
    """Put `text` between two marker lines of a file. Raises ValueError when they are not there, once and in order."""
    before, begin, rest = document.read_text(encoding="utf-8").partition(markers[0])
    _, end, after = rest.partition(markers[1])
    if not begin or not end or markers[0] in rest or markers[1] in after:
        raise ValueError(f"{document} needs {markers[0]} … {markers[1]}, once each")
    with atomic_write(document) as partial:
        partial.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
