"""What the tests ask of a page: its references, its scripts, its elements."""

from __future__ import annotations

import re
from html.parser import HTMLParser

URL_IN_STYLE = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]?([^'\";]+)")


class Page(HTMLParser):
    """Collects the references, handlers and elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.references: list[tuple[str, str, str]] = []
        self.handlers: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._open.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        for name, value in attrs:
            if name.startswith("on"):
                self.handlers.append(f"{tag} {name}={value}")
            if name in ("src", "href", "srcset", "action", "data", "poster", "xlink:href"):
                self.references.append((tag, name, value or ""))
            if name == "style":
                self._style(tag, value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_data(self, data: str) -> None:
        tag, _ = self._open[-1] if self._open else ("", {})
        if tag == "style":
            self._style(tag, data)
        elif tag == "script":
            attrs, text = self.scripts[-1]
            self.scripts[-1] = (attrs, text + data)
        else:
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                return

    def _style(self, tag: str, text: str) -> None:
        for match in URL_IN_STYLE.finditer(text):
            self.references.append((tag, "style", match[1] or match[2]))

    def foreign(self) -> list[tuple[str, str, str]]:
        """Return references that leave the page, plain anchors excepted."""
        return [
            (tag, name, value)
            for tag, name, value in self.references
            if not value.startswith(("data:", "#")) and tag != "a"
        ]

    def anchors(self) -> list[str]:
        """Return the addresses of plain anchors that leave the page."""
        return [v for tag, _, v in self.references if tag == "a" and not v.startswith("#")]

    @property
    def text(self) -> str:
        """All text outside scripts and styles."""
        return " ".join(self.words)
