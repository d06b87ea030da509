"""Reading a mapping from plain values: every fault is named by its path, with the nearest right word."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, get_args

from lettermill.errors import ConfigError
from lettermill.quality.mapping.language import (
    CASTS,
    OPERATIONS,
    WORDINGS,
    Calculated,
    Case,
    Cases,
    Constant,
    Embedded,
    Expression,
    First,
    Hashed,
    Joined,
    Listed,
    Looked,
    PayloadMapping,
    Read,
    Total,
    Worded,
)  # fmt: skip
from lettermill.quality.mapping.paths import Path, parsed_path
from lettermill.quality.mapping.targets import TARGETS, Holds, element_of, fields_of

HEADS = ("path", "constant", "first", "hash", "join", *OPERATIONS, "total", "list", "cases")
"""Each says what an expression is; exactly one stands in a mapping."""
BESIDE = {"path": ("cast",), "join": ("by",), "total": ("of",), "list": ("fields",)}
ANYWHERE = ("text", "lookup", "otherwise")
HOLDS: tuple[Holds, ...] = get_args(Holds)
HOW_TO_DERIVE = "a payload without an id of its own gets one: event_id: {hash: [path, path, ...]}"


def mapping_of(name: str, content: Mapping[str, Any], *, place: str) -> PayloadMapping:
    """Build a mapping from the values of its file. Raises ConfigError that names every fault at `place`."""
    reader = _Reader()
    mapping = reader.mapping(name, content)
    if reader.faults:
        raise ConfigError("; ".join(reader.faults), place=place, mend="correct the named keys; docs/sources.md has all")
    return mapping


@dataclass
class _Reader:
    faults: list[str] = field(default_factory=list)
    at: list[str] = field(default_factory=list)

    @contextmanager
    def below(self, *steps: object) -> Iterator[None]:
        self.at.extend(map(str, steps))
        yield
        del self.at[-len(steps) :]

    def fault(self, words: str) -> None:
        self.faults.append(f"{'.'.join(self.at)}: {words}" if self.at else words)

    def known(self, word: object, words: Iterable[str], what: str) -> bool:
        choice = list(words)
        if word in choice:
            return True
        near = difflib.get_close_matches(str(word), choice, n=1)
        self.fault(
            f"unknown {what} {word!r}, " + (f"did you mean {near[0]!r}?" if near else f"use {', '.join(choice)}")
        )
        return False

    def mapping(self, name: str, content: Mapping[str, Any]) -> PayloadMapping:
        for key in content:
            self.known(key, ("holds", "fields", "embedded"), "key")
        holds: Holds = content.get("holds", "behaviour")
        with self.below("holds"):
            if not self.known(holds, HOLDS, "word"):
                return PayloadMapping(name, "behaviour", {})
        target = TARGETS[holds]
        given = content.get("fields")
        if not isinstance(given, Mapping):
            self.fault("fields: must be a mapping of canonical fields")
            return PayloadMapping(name, holds, {})
        with self.below("fields"):
            fields = self.fields(given, target.fields)
            for lacking in (one for one in target.required if one not in given):
                self.fault(f"{lacking} is not mapped" + (f"; {HOW_TO_DERIVE}" if lacking == "event_id" else ""))
            if holds == "behaviour" and not {"user_id", "anonymous_id"} & {*given}:
                self.fault("neither user_id nor anonymous_id is mapped")
        return PayloadMapping(name, holds, fields, tuple(self.embedded(content.get("embedded") or {})))

    def fields(self, given: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Expression]:
        """The expressions in the order of the target, so that lists are read as they are stored."""
        for name in given:
            self.known(name, types, "field")
        read = {}
        for name, type_ in types.items():
            if name in given:
                with self.below(name):
                    read[name] = self.expression(given[name], type_)
        return read

    def embedded(self, given: Any) -> Iterator[Embedded]:
        if not isinstance(given, Mapping):
            self.fault(f"embedded: is {given!r}; write {{place: {{base64: path}}}}")
            return
        for at, how in given.items():
            with self.below("embedded", at):
                if not isinstance(how, Mapping) or [*how] not in (["text"], ["base64"]):
                    self.fault(f"is {how!r}; write {{text: path}} or {{base64: path}}")
                    continue
                ((kind, path),) = how.items()
                yield Embedded(str(at), self.path(path), is_base64=kind == "base64")

    def path(self, text: object) -> Path:
        try:
            return parsed_path(text if isinstance(text, str) else repr(text))
        except ConfigError as error:
            self.fault(f"{error.problem}; {error.mend}")
            return Path("", ())

    def expression(self, given: Any, need: str) -> Expression:
        if isinstance(given, str):
            return Read(self.path(given))
        if isinstance(given, list):
            return First(self.several(given, need))
        if not isinstance(given, Mapping):
            self.fault(f"is {given!r}; write a path, a list of paths to try, or {{constant: {given!r}}}")
            return Constant(None)
        heads = [key for key in given if key in HEADS]
        if len(heads) != 1:
            self.unclear(given, heads)
            return Constant(None)
        (head,) = heads
        for key in given:
            self.known(key, (head, *BESIDE.get(head, ()), *ANYWHERE), "key")
        self.require_cast(given.get("cast"), need)
        wordy = any(key in given for key in ("text", "lookup"))
        with self.below(head):
            made = self.headed(head, given, "string" if wordy else need)
        return self.reworded(made, given, need)

    def unclear(self, given: Mapping[str, Any], heads: list[str]) -> None:
        if heads:
            self.fault(f"has {' and '.join(heads)}; exactly one of them says what it is")
            return
        for key in given:
            self.known(key, (*HEADS, *ANYWHERE), "key")
        self.fault(f"says nothing of where the value comes from; use one of {', '.join(HEADS)}")

    def headed(self, head: str, given: Mapping[str, Any], need: str) -> Expression:
        value = given[head]
        if head == "path":
            return Read(self.path(value), given.get("cast"))
        if head == "constant":
            if isinstance(value, list | Mapping):
                self.fault(f"is {value!r}; write a single value")
            return Constant(value)
        if head == "cases":
            return Cases(self.cases(value, need))
        if head == "total":
            return Total(self.path(value), self.expression(given.get("of"), "decimal(18,4)"))
        if head == "list":
            return self.listed(value, given.get("fields"), need)
        many: Mapping[str, Callable[[tuple[Expression, ...]], Expression]] = {
            "first": First,
            "hash": Hashed,
            "join": lambda of: Joined(of, str(given.get("by", ":"))),
            **{name: (lambda of, name=name: Calculated(name, of)) for name in OPERATIONS},  # type: ignore[misc]
        }
        if head in OPERATIONS and not need.startswith(("decimal", "int", "bigint", "double")):
            self.fault(f"gives a number, where {need} is needed")
        return many[head](self.several(value, need))

    def several(self, given: Any, need: str) -> tuple[Expression, ...]:
        if not isinstance(given, list) or not given:
            self.fault(f"is {given!r}; write a list of paths or expressions")
            return ()
        made = []
        for place, one in enumerate(given):
            with self.below(place):
                made.append(self.expression(one, need))
        return tuple(made)

    def require_cast(self, given: Any, need: str) -> None:
        if given is None:
            return
        with self.below("cast"):
            if self.known(given, CASTS, "cast") and not need.startswith(CASTS[given]):
                fitting = [name for name, types in CASTS.items() if need.startswith(types)]
                self.fault(f"{given!r} gives no {need}" + (f", did you mean {fitting[0]!r}?" if fitting else ""))

    def cases(self, given: Any, need: str) -> tuple[Case, ...]:
        if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
            self.fault("is no list of cases; write - {when: {type: track}, then: event}")
            return ()
        made = []
        for place, one in enumerate(given):
            with self.below(place):
                for key in one:
                    self.known(key, ("when", "present", "then"), "key")
                when, present = one.get("when") or {}, one.get("present") or []
                if not isinstance(when, Mapping):
                    self.fault("when: write {path: value}")
                    when = {}
                conditions = tuple((self.path(path), _words(value)) for path, value in when.items())
                there = tuple(self.path(path) for path in (present if isinstance(present, list) else [present]))
                made.append(Case(conditions, there, self.expression(one.get("then"), need)))
        return tuple(made)

    def listed(self, path: Any, fields: Any, need: str) -> Expression:
        if not need.startswith("array<struct"):
            self.fault(f"gives a list, where {need} is needed")
        elif not isinstance(fields, Mapping):
            self.fault("needs `fields`, mapped from each element")
        else:
            return Listed(self.path(path), self.fields(fields, fields_of(element_of(need))))
        return Constant(None)

    def reworded(self, made: Expression, given: Mapping[str, Any], need: str) -> Expression:
        wording, table = given.get("text"), given.get("lookup")
        if (wording or table) and need != "string":
            self.fault(f"text and lookup give words, where {need} is needed")
        if wording is not None:
            with self.below("text"):
                if self.known(wording, WORDINGS, "wording"):
                    made = Worded(made, wording)
        if table is not None:
            with self.below("lookup"):
                if not isinstance(table, Mapping) or not table:
                    self.fault("is no table; write {their word: our word}")
                    return made
            otherwise = given.get("otherwise", "none")
            with self.below("otherwise"):
                self.known(otherwise, ("none", "keep", "snake_case"), "word")
            return Looked(made, {str(key): str(value) for key, value in table.items()}, otherwise)
        if "otherwise" in given:
            self.fault("otherwise: stands beside lookup only")
        return made


def _words(value: Any) -> tuple[str, ...]:
    return tuple(_word(one) for one in (value if isinstance(value, list) else [value]))


def _word(value: Any) -> str:
    """A value as JSON writes it, as it is compared as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
