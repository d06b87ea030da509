"""A small evaluator of AMPscript, written from the language's documentation and from nothing of ours.

It is stricter than Marketing Cloud: what the documentation leaves open (values of two types compared, a row that is not
there, a loop past its end) is an error here, so that no export can rest on it.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal

CODE = re.compile(
    r"""\s+|/\*.*?\*/|(?P<string>"(?:[^"]|"")*"|'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<variable>@\w+)"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<sign>==|!=|>=|<=|[<>=(),])""",
    re.DOTALL,
)
ENDS = {"[": "]%%", "=": "=%%"}


class AmpscriptError(Exception):
    """What the documentation does not allow, or leaves open."""


@dataclass(frozen=True)
class Token:
    kind: str
    value: str

    def word(self):
        return self.value.lower() if self.kind == "name" else self.value if self.kind == "sign" else None


def evaluate(source, attributes):
    """What the e-mail `source` says to a subscriber with these attributes."""
    machine = Machine(tokens_of(source), {name.lower(): value for name, value in attributes.items()})
    machine.block(True)
    if machine.at < len(machine.tokens):
        raise AmpscriptError(f"{machine.tokens[machine.at].value} stands alone")
    return "".join(machine.written)


def tokens_of(source):
    """The e-mail as tokens: stretches of text, inline values between `show` and `shown`, and the code of blocks."""
    tokens, at = [], 0
    while at < len(source):
        opened = source.find("%%", at)
        if opened != at:
            tokens.append(Token("text", source[at : opened if opened >= 0 else None]))
            at = opened if opened >= 0 else len(source)
            continue
        kind = source[at + 2 : at + 3]
        if kind not in ENDS:
            named = re.compile(r"%%(\w+)%%").match(source, at)
            if not named:
                raise AmpscriptError("%% opens nothing")
            tokens += [Token("sign", "show"), Token("name", named[1]), Token("sign", "shown")]
            at = named.end()
            continue
        code, at = code_tokens(source, at + 3, ENDS[kind])
        tokens += [Token("sign", "show"), *code, Token("sign", "shown")] if kind == "=" else code
    return tokens


def code_tokens(source, at, end):
    found = []
    while not source.startswith(end, at):
        match = CODE.match(source, at)
        if match is None or match.end() == at:
            raise AmpscriptError(f"not AMPscript: {source[at : at + 20]!r}")
        if match.lastgroup:
            found.append(Token(match.lastgroup, match[0]))
        at = match.end()
    return found, at + len(end)


class Machine:
    """Runs tokens; a branch that is not taken is run through without effect."""

    def __init__(self, tokens, attributes):
        self.tokens, self.attributes = tokens, attributes
        self.at, self.live = 0, True
        self.variables, self.locked, self.written = {}, set(), []

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else Token("end", "end")

    def take(self, *words):
        token = self.peek()
        if words and token.word() not in words:
            raise AmpscriptError(f"expected {' or '.join(words)}, not {token.value}")
        self.at += 1
        return token

    def taken(self, *words):
        if self.peek().word() in words:
            return self.take().word()
        return None

    def block(self, live):
        outer, self.live = self.live, self.live and live
        while self.peek().kind != "end" and self.peek().word() not in ("elseif", "else", "endif", "next"):
            self.statement()
        self.live = outer

    def statement(self):
        token = self.peek()
        if token.kind == "text":
            self.write(self.take().value)
        elif self.taken("show"):
            self.write(printed(self.value()))
            self.take("shown")
        elif self.taken("var"):
            self.set(self.take().value, None)
            while self.taken(","):
                self.set(self.take().value, None)
        elif self.taken("set"):
            name = self.take().value
            self.take("=")
            self.set(name, self.value())
        elif self.taken("if"):
            self.branch()
        elif self.taken("for"):
            self.loop()
        else:
            self.value()

    def write(self, text):
        if self.live:
            self.written.append(text)

    def set(self, name, value):
        if not name.startswith("@") or name.lower() in self.locked:
            raise AmpscriptError(f"{name} cannot be set")
        if self.live:
            self.variables[name.lower()] = value

    def branch(self):
        done, word = False, "if"
        while word in ("if", "elseif"):
            holds = self.condition()
            self.take("then")
            self.block(self.live and holds and not done)
            done = done or holds
            word = self.take("elseif", "else", "endif").word()
        if word == "else":
            self.block(not done)
            self.take("endif")

    def loop(self):
        counter = self.take().value.lower()
        self.take("=")
        step = self.value()
        up = self.take("to", "downto").word() == "to"
        last = self.value()
        self.take("do")
        begin, self.locked = self.at, self.locked | {counter}
        while True:
            self.at = begin
            if self.live:
                self.variables[counter] = step
            self.block(True)
            # The counter is compared at NEXT, so the body always runs once.
            if not self.live or step == last:
                break
            step += 1 if up else -1
            if step > last if up else step < last:
                raise AmpscriptError("a loop past its end")
        self.locked = self.locked - {counter}
        self.take("next")
        if self.peek().kind == "variable":
            self.take()

    def condition(self):
        holds = self.conjunction()
        while self.taken("or"):
            holds = self.conjunction() or holds
        return holds

    def conjunction(self):
        holds = self.comparison()
        while self.taken("and"):
            holds = self.comparison() and holds
        return holds

    def comparison(self):
        if self.taken("not"):
            return not self.comparison()
        if self.taken("("):
            holds = self.condition()
            self.take(")")
            return holds
        left = self.value()
        sign = self.taken("==", "!=", ">", "<", ">=", "<=")
        if sign:
            return compared(left, sign, self.value(), live=self.live)
        if self.live and not isinstance(left, bool):
            raise AmpscriptError("a condition is true or false")
        return bool(left)

    def value(self):
        token = self.take()
        if token.kind == "string":
            return token.value[1:-1].replace(token.value[0] * 2, token.value[0])
        if token.kind == "number":
            return Decimal(token.value)
        if token.kind == "variable":
            return self.variables.get(token.value.lower())
        if token.kind != "name":
            raise AmpscriptError(f"{token.value} is no value")
        name = token.value.lower()
        if name in ("true", "false"):
            return name == "true"
        if not self.taken("("):
            return self.attributes.get(name)
        arguments = []
        while not self.taken(")"):
            arguments.append(self.condition() if name == "iif" and not arguments else self.value())
            if self.peek().word() != ")":
                self.take(",")
        return self.call(name, arguments)

    def call(self, name, arguments):
        if not self.live:
            return None
        if name == "attributevalue":
            return self.attributes.get(arguments[0].lower())
        if name not in FUNCTIONS:
            raise AmpscriptError(f"no function {name}")
        return FUNCTIONS[name](*arguments)


def compared(left, sign, right, *, live):
    if not live:
        return False
    for kind in (str, bool, Decimal):
        if isinstance(left, kind) and isinstance(right, kind):
            break
    else:
        raise AmpscriptError("only values of one type can be compared")
    if kind is not Decimal and sign not in ("==", "!="):
        raise AmpscriptError(f"{sign} compares numbers")
    if kind is str:
        left, right = left.lower(), right.lower()
    return {
        "==": left == right, "!=": left != right,
        **({">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right} if kind is Decimal else {}),
    }[sign]  # fmt: skip


def printed(value):
    if isinstance(value, list | dict):
        raise AmpscriptError("a rowset or row cannot be printed")
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def rowset(text, path, flag):
    """Rows of the objects that a JSONPath finds; of bare values, rows with the column Value."""
    found = [json.loads(text, parse_float=Decimal, parse_int=Decimal)]
    for step in re.findall(r"\.?\[\*\]|\[\d+\]|\.\w+", path.removeprefix("$")):
        if step.endswith("[*]"):
            found = [item for one in found for item in (one if isinstance(one, list) else one.values())]
        elif step.startswith("["):
            found = [one[int(step[1:-1])] for one in found]
        else:
            found = [one[step[1:]] for one in found]
    return [
        {key: column(one) for key, one in (row if isinstance(row, dict) else {"Value": row}).items()} for row in found
    ]


def column(value):
    if isinstance(value, dict | list):
        return "JSON Object" if isinstance(value, dict) else "JSON Object Array"
    return None if value is None else printed(value)


def row(rows, number):
    if not 1 <= number <= len(rows):
        raise AmpscriptError("no such row")
    return rows[int(number) - 1]


def field(one, name):
    columns = {key.lower(): value for key, value in one.items()}
    if name.lower() not in columns:
        raise AmpscriptError(f"no column {name}")
    return columns[name.lower()]


FUNCTIONS = {
    "v": lambda value: value,
    "empty": lambda value: value is None or value in ("", []),
    "isnull": lambda value: value is None,
    "iif": lambda holds, then, otherwise: then if holds else otherwise,
    "concat": lambda *values: "".join(map(printed, values)),
    "replace": lambda text, old, new: printed(text).replace(old, new),
    "lowercase": lambda text: printed(text).lower(),
    "uppercase": lambda text: printed(text).upper(),
    "substring": lambda text, start, length: printed(text)[int(start) - 1 : int(start) - 1 + int(length)],
    "char": lambda code, times=1: chr(int(code)) * int(times),
    "add": lambda left, right: left + right,
    "subtract": lambda left, right: left - right,
    "buildrowsetfromjson": rowset,
    "rowcount": lambda rows: Decimal(len(rows)),
    "row": row,
    "field": field,
}
