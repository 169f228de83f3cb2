"""Tables for README files, model cards and the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table without a line break at its end.

    >>> print(markdown_table(["model", "SRCC"], [["tiny", "0.82"]]))
    | model | SRCC |
    | --- | --- |
    | tiny | 0.82 |
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
