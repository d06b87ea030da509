"""Hostile templates and hostile data, tried on both back ends of the engine; none may get out.

Templates: the server-side template injections and Jinja2's own security cases among the corpora beside the project.
What escapes is a rendered text that shows Python's inside, the environment or a file. Data: the same, and the lists of
XSS, CRLF, traversal, SQL and naughty strings, put into subject, text, attributes and links of a mail. What escapes is a
tag, an attribute, a header line or a link's scheme that the template does not have.

    .venv/bin/python benchmarks/hostile_templates.py [--corpora ../shared/corpora]

The last line is JSON: tried, escaped; and by list.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa

from lettermill.errors import TemplateError
from lettermill.rendering.compiled import compile_template
from lettermill.rendering.links import SCHEMES
from lettermill.rendering.mail import Mail
from lettermill.rendering.templates import Template

CANARY = "canary-in-the-environment"
INSIDE = re.compile(
    rf"<class|&lt;class|<module|&lt;module|<function|&lt;function|uid=\d|root:x:|{CANARY}|__builtins__'"
)
INPUTS = pa.struct([("word", pa.string()), ("words", pa.list_(pa.string()))])
SCHEMA = pa.schema(list(INPUTS))
HTML = (
    '<p title="{{ word }}">{{ word }}</p><a href="{{ word }}">link</a><img src="https://a.example/{{ word }}" alt="">'
    '<a href="mailto:a@b.example?subject={{ word | urlencode }}">m</a>'
    "{% for one in words %}<b>{{ one }}</b>{% endfor %}"
)
MAIL = Template("hostile", {"subject": "For {{ word }}", "html": HTML}, {}, (), "hostile")


class Tags(HTMLParser):
    """The tags and attributes of a page, and where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def payloads(corpora: Path) -> dict[str, list[str]]:
    """The hostile lines by list."""
    folder = corpora / "payloads"
    lists = {
        path.stem: [line for line in path.read_bytes().decode("latin-1").splitlines() if line.strip()]
        for path in sorted(folder.glob("*/*/*.txt"))
    }
    page = (folder / "Server Side Template Injection" / "Python.md").read_text()
    cases = json.loads((corpora / "jinja-security" / "literals.json").read_text())[0]["tests"]
    lists["template injection"] = [line for line in page.splitlines() if "{{" in line or "{%" in line]
    lists["jinja2's security tests"] = [text for case in cases for text in case["strings"] if "{" in text]
    lists["naughty strings"] = json.loads((corpora / "blns" / "blns.json").read_text())
    return lists


def escapes_as_template(source: str) -> Iterator[bool]:
    """Whether a hostile template gets out, in each language, by each back end; a refused one does not."""
    batch = pa.RecordBatch.from_pydict({"word": ["Ana"], "words": [["a", "b"]]}, schema=SCHEMA)
    for language in ("jinja2", "liquid"):
        try:
            renderer = compile_template(source, language=language, schema=SCHEMA, autoescape=True)
        except TemplateError:
            yield False
            continue
        for rendered in (renderer.render(batch), renderer.render_rowwise(batch)):
            yield bool(INSIDE.search(rendered.text[0].as_py() or ""))


def escapes_as_data(lines: list[str]) -> Iterator[bool]:
    """Whether hostile data gets out of its place in a mail."""
    inputs = pa.array([{"word": line, "words": [line]} for line in lines], INPUTS)
    mails = Mail(MAIL, INPUTS).render(inputs, pa.array([[]] * len(lines), pa.list_(pa.string())))
    wanted = Tags(HTML.replace("{% for one in words %}", "").replace("{% endfor %}", "")).tags
    for subject, page in zip(mails.parts["subject"].to_pylist(), mails.parts["html"].to_pylist(), strict=True):
        if page is None:
            yield False
            continue
        found = Tags(page)
        schemes = [re.match(r"[\x00-\x20]*([a-z][a-z0-9+.-]*):", link.lower()) for link in found.links]
        elsewhere = any(scheme and scheme[1] not in SCHEMES for scheme in schemes)
        yield found.tags != wanted or elsewhere or len(subject.splitlines()) > 1


def main() -> None:
    """Try everything, print what was tried by list, then the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, default=Path("../shared/corpora"))
    corpora = parser.parse_args().corpora
    os.environ["CANARY"] = CANARY
    tried, escaped, by_list = 0, 0, {}
    for name, lines in payloads(corpora).items():
        outcomes = list(escapes_as_data(lines))
        if "{" in "".join(lines):
            outcomes += [outcome for line in lines for outcome in escapes_as_template(line)]
        by_list[name] = len(outcomes)
        tried, escaped = tried + len(outcomes), escaped + sum(outcomes)
        sys.stdout.write(f"{name:>34}: {len(outcomes):6,} tried, {sum(outcomes)} escaped\n")
    sys.stdout.write(json.dumps({"tried": tried, "escaped": escaped, "by_list": by_list}) + "\n")


if __name__ == "__main__":
    main()
