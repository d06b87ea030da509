"""Where links may lead: to http, https, mailto, tel and cid, whatever the data says."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

import numpy as np
import pyarrow.compute as pc

from lettermill.rendering.columnar import liquid  # noqa: F401 (it fills LANGUAGES)
from lettermill.rendering.columnar.filters import LANGUAGES
from lettermill.rendering.columnar.frames import Frame
from lettermill.rendering.columnar.library import Library, Outcome
from lettermill.rendering.columnar.text import printed
from lettermill.rendering.columnar.values import Mask, Value, either
from lettermill.rendering.plan.nodes import Apply, Arm, Branch, Loop, Plan, Section, Show, Statement, Text

SCHEMES = ("http", "https", "mailto", "tel", "cid")
NAMES = "href|src|srcset|action|background|poster"
# Data has no quotes left by then, and none stands in an attribute without them.
ADDRESS = re.compile(rf"(?:{NAMES})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):")
UNSEEN = re.compile(r"[\x00-\x20]")  # browsers skip it within a scheme

OPENED = re.compile(rf"(?:{NAMES})\s*=\s*(?P<quote>[\"'])(?P<start>[^\"']*)\Z", re.IGNORECASE)
SETTLED = re.compile(r"\s*(?:https?:|mailto:|tel:|cid:|[/#?])", re.IGNORECASE)
"""Beginnings of an address that no later text can turn into another scheme."""
PLAIN = r"^(?i:https?://|mailto:|tel:|cid:|/|#|\?|$)"
BEGINS_LINK = "_begins_link"


def link_fault(html: str) -> str | None:
    """Why a page must not leave: it has a link of another scheme. None where all are fine."""
    for match in ADDRESS.finditer(html.lower()):
        address = UNSEEN.sub("", unescape(match[1] or match[2] or ""))
        scheme = SCHEME.match(address)
        if scheme and scheme[1] not in SCHEMES:
            return "a link that is none of http, https, mailto, tel and cid"
    return None


@dataclass(frozen=True)
class LinkedLibrary:
    """A library whose rendered pages are refused for their links."""

    library: Library

    def filter(self, name: str) -> Callable[..., Any]:
        return self.library.filter(name)

    def test(self, name: str) -> Callable[..., Any]:
        return self.library.test(name)

    def operator(self, name: str) -> Callable[..., Any]:
        return self.library.operator(name)

    def render(self, inputs: Mapping[str, Any]) -> Outcome:
        outcome = self.library.render(inputs)
        fault = None if outcome.text is None else link_fault(outcome.text)
        return replace(outcome, text=None, fault=fault) if fault else outcome  # type: ignore[type-var]


def guarded(plan: Plan) -> Plan | None:
    """The plan, with rows left to the library whose data begins a link with anything but a harmless scheme.

    None where the template's own text alone cannot be trusted: an address that is written in pieces, or one that the
    template itself begins with another scheme. Every page has to be looked at then.
    """
    guard = _Guard()
    body = guard.body(plan.body)
    return replace(plan, body=body) if guard.is_sure and not link_fault(guard.text) else None


class _Guard:
    """Walks statements in the order of the template, with the text since the last tag was opened."""

    def __init__(self) -> None:
        self.text = ""
        self.is_sure = True

    def body(self, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
        return tuple(self._statement(statement) for statement in statements)

    def _statement(self, statement: Statement) -> Statement:
        if isinstance(statement, Text):
            self.text += statement.text
        elif isinstance(statement, Show):
            return self._show(statement)
        elif isinstance(statement, Section):
            return replace(statement, body=self.body(statement.body))
        elif isinstance(statement, Branch):
            self._apart()
            arms = tuple(Arm(arm.test, self._branch(arm.body), arm.branch) for arm in statement.arms)
            return replace(statement, arms=arms, otherwise=self._branch(statement.otherwise))
        elif isinstance(statement, Loop):
            self._apart()
            return replace(statement, body=self._branch(statement.body), otherwise=self._branch(statement.otherwise))
        return statement

    def _branch(self, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
        body = self.body(statements)
        self._apart()
        return body

    def _apart(self) -> None:
        """Control flow inside the beginning of an address makes several of it."""
        opened = OPENED.search(self.text)
        if opened and not SETTLED.match(opened["start"]):
            self.is_sure = False

    def _show(self, statement: Show) -> Show:
        opened = OPENED.search(self.text)
        self.text += "\ue000"
        if opened is None or SETTLED.match(opened["start"]):
            return statement
        if opened["start"].strip():
            self.is_sure = False
        self.text = self.text.removesuffix("\ue000") + "/"  # the guard has seen to it
        return replace(statement, value=Apply(statement.value, BEGINS_LINK, place=statement.value.place))


def _begins_link(frame: Frame, expr: Apply, of: Value) -> Value:
    """The value itself; rows in which it begins a link with anything but a harmless scheme are the library's."""
    texts = printed(frame, expr, of)
    if isinstance(texts.texts, str):
        bad: Mask | None = None if re.match(PLAIN, texts.texts) else np.ones(frame.size, np.bool_)
    else:
        fine = pc.fill_null(pc.match_substring_regex(texts.texts, PLAIN), False)
        bad = None if pc.all(fine).as_py() in (True, None) else ~fine.to_numpy(zero_copy_only=False)
    return replace(of, faulty=either(of.faulty, bad))


for kernels in LANGUAGES.values():
    kernels[BEGINS_LINK] = _begins_link
