"""HTML read back: tags with their attributes, all text, and whether every tag is closed."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = ("img", "meta", "input", "br", "link")


class Parsed(HTMLParser):
    def __init__(self, html: str):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def named(self, name: str) -> list[dict]:
        return [attributes for tag, attributes in self.tags if tag == name]

    def classed(self, name: str) -> list[dict]:
        return [attributes for _, attributes in self.tags if name in (attributes.get("class") or "").split()]


def parse(html: str) -> Parsed:
    parsed = Parsed(html)
    assert parsed.open == []
    return parsed
