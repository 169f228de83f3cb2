"""The reasoning inside an answer that is still being written."""

from __future__ import annotations

import re

OPEN = "<think>"
END = re.compile(r"</think>|<answer>")
PART_OF_TAG = re.compile(r"</?[a-z]*$")


def thought_so_far(text: str) -> str:
    """What can be shown of `text`: no tags, none of the answer, and no tag of which only the beginning is there.

    It only ever grows with the text, so that a terminal can print the difference.

    >>> thought_so_far("<think>Sharp and clean.</thi")
    'Sharp and clean.'
    """
    text = text.lstrip()
    if OPEN.startswith(text):
        return ""
    text = text.removeprefix(OPEN).lstrip()
    return END.split(PART_OF_TAG.sub("", text), maxsplit=1)[0].rstrip()
