"""A complete campaign without any finding, in which a test writes one part or file anew."""

from types import SimpleNamespace

import pytest

from lettermill.rendering.check.campaign import check_campaign

INPUTS = {
    "first_name": ("string", "default", None),
    "city": ("string", "default", "your town"),
    "segment": ("string", "fail", None),
    "points": ("int", "fail", None),
    "score": ("double", "fail", None),
    "balance": ("decimal(12,2)", "fail", None),
    "member": ("boolean", "fail", None),
    "born_on": ("date", "fail", None),
    "seen_at": ("timestamp", "fail", None),
    "coupon": ("struct<code: string, percent: int, minimum: decimal(12,2), expires_on: date>", "default", None),
    "gift": ("struct<name: string>", "skip_block", None),
    "picks": ("array<struct<name: string, brand: string, price: decimal(12,2), url: string>>", "skip_person", None),
    "tags": ("array<string>", "fail", None),
    "locale": ("string", "fail", None),
    "links": ("struct<unsubscribe: string>", "fail", None),
}
COLUMNS = {"segment": "CASE WHEN orders = 0 THEN 'new' WHEN days > 28 THEN 'lapsing' ELSE 'loyal' END"}
READ_ALL = (
    "{% set all = [first_name, city, segment, points, score, balance, member, born_on, seen_at, coupon, gift is defined,"
    " picks, tags, locale] %}"
)
HTML = (
    '<html lang="en"><title>Spring</title>\n'
    + READ_ALL
    + '\n<p>Hello</p>\n<a href="{{ links.unsubscribe }}">Unsubscribe</a></html>'
)
PARTS = {"subject": "subject.j2", "preheader": "preheader.j2", "html": "html.j2", "text": "text.j2"}


def campaign_of(*, inputs=INPUTS, parts=PARTS, columns=COLUMNS, size=4, slots=None):
    named = {
        name: SimpleNamespace(type=ddl, value=name, missing=missing, default=default)
        for name, (ddl, missing, default) in inputs.items()
    }
    return SimpleNamespace(
        inputs=named, parts=parts, columns=columns, slate=SimpleNamespace(size=size), slots=slots or {}
    )


def files_of(files=None, **sources):
    standing = {"subject": "Spring is here", "preheader": "See what is new", "html": HTML, "text": "Hello"}
    written = {f"{part}.j2": source for part, source in (standing | sources).items()}
    return {"campaign.yml": yml_of(), **written, **(files or {})}


def yml_of(inputs=INPUTS, parts=PARTS):
    """A campaign.yml, as far as places are looked for in it."""
    lines = ["parts:", *(f"  {part}: {file}" for part, file in parts.items()), "inputs:"]
    return "\n".join([*lines, *(f"  {name}: {{type: {ddl}}}" for name, (ddl, *_) in inputs.items())])


@pytest.fixture
def findings():
    """Check the campaign with sources by part, other files by path."""

    def check(*, files=None, campaign=None, **sources):
        return check_campaign(campaign or campaign_of(), files_of(files, **sources))

    return check


@pytest.fixture
def told(findings):
    """Check a text part that is one source: its findings as `rule line:column message`."""

    def check(text, **sources):
        found = findings(text=text, **sources)
        assert {finding.file for finding in found} <= {"text.j2"}
        return [f"{one.rule} {one.line}:{one.column} {one.message}" for one in found]

    return check
