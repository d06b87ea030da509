"""The text part of a mail that has none of its own, derived from its html."""

import re
from html.parser import HTMLParser

UNSEEN = {"head", "style", "script", "title", "template"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
OWN_LINE = {
    "address",
    "article",
    "blockquote",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "table",
    "tr",
    "ul",
}
HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


def text_of(html: str) -> str:
    """What a reader of `html` would read, a paragraph a line, each link with its address behind it."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.unseen: list[str] = []  # open tags from the outermost unseen one on
        self.links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if self.unseen or tag in UNSEEN or HIDDEN.search(attributes.get("style") or ""):
            if tag not in VOID:
                self.unseen.append(tag)
            return
        if tag == "a":
            self.links.append((attributes.get("href") or "", len(self.words)))
        elif tag == "img":
            self.words.append(attributes.get("alt") or "")
        self.words.append("\n" if tag in OWN_LINE or tag == "br" else " " if tag in ("td", "th") else "")

    def handle_endtag(self, tag: str) -> None:
        if self.unseen:
            if tag in self.unseen:
                del self.unseen[len(self.unseen) - 1 - self.unseen[::-1].index(tag) :]
            return
        if tag == "a" and self.links:
            address, start = self.links.pop()
            text = "".join(self.words[start:]).strip()
            if address and text and text != address.removeprefix("mailto:"):
                self.words.append(f" ({address})")
        elif tag in OWN_LINE:
            self.words.append("\n\n" if tag in ("p", "table", "h1", "h2", "h3") else "\n")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.words.append(re.sub(r"\s+", " ", data))
