"""Templates and batches that nobody wrote: what the law of equal texts is tried on, in the suite and in the long run."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa

MAKER = pa.struct([("name", pa.string()), ("city", pa.string())])
PICK = pa.struct([
    ("name", pa.string()), ("price", pa.decimal128(12, 2)), ("stock", pa.int32()), ("tags", pa.list_(pa.string())),
    ("maker", MAKER),
])  # fmt: skip
COUPON = pa.struct([
    ("code", pa.string()), ("minimum", pa.decimal128(12, 2)), ("percent", pa.int32()), ("until", pa.date32()),
])  # fmt: skip
SCHEMA = pa.schema([
    ("name", pa.string()), ("nick", pa.string()), ("n", pa.int64()), ("k", pa.int32()), ("x", pa.float64()),
    ("price", pa.decimal128(12, 2)), ("flag", pa.bool_()), ("day", pa.date32()), ("at", pa.timestamp("us", "UTC")),
    ("tags", pa.list_(pa.string())), ("nums", pa.list_(pa.int64())), ("coupon", COUPON), ("picks", pa.list_(PICK)),
    ("missing", pa.list_(pa.string())),
])  # fmt: skip
WORDS = (
    "Ana", "", " ", "a", "Ben & Söhne", "<b>x</b>", "it's", '"q"', "ß", "İstanbul", "ǆ", "日本", "e\u0301", "line\nbreak",
    "\u2028", "0", "-7", "3.5", "TRUE", "None", "a,b", "x" * 40, "{{ n }}", "%s", "\t tab ", "\x1f", "\U0001f600", "Zoë",
)  # fmt: skip
PATHS = ("name", "nick", "n", "coupon", "coupon.code", "picks", "picks.0.name", "picks.1.maker.city", "tags", "x")
MAY_BE_NULL = 0.2


class Batches:
    """Rows of SCHEMA out of a source of random decisions."""

    def __init__(self, random):
        self.random = random

    def batch(self):
        """Up to 12 rows; often a slice of a longer batch."""
        rows = [self.row() for _ in range(self.random.randrange(1, 13))]
        batch = pa.RecordBatch.from_pylist(rows, SCHEMA)
        if self.random.random() < 0.5:
            return batch
        start = self.random.randrange(len(rows))
        return batch.slice(start, self.random.randrange(1, len(rows) - start + 1))

    def row(self):
        pick = {"name": self.word, "price": self.money, "stock": self.whole, "tags": self.words, "maker": self.maker}
        coupon = {"code": self.word, "minimum": self.money, "percent": self.whole, "until": self.day}
        return {
            "name": self.word(), "nick": self.maybe(self.word), "n": self.maybe(self.whole), "k": self.maybe(self.small),
            "x": self.maybe(self.real), "price": self.maybe(self.money), "flag": self.maybe(self.flip),
            "day": self.maybe(self.day), "at": self.maybe(self.instant), "tags": self.maybe(self.words),
            "nums": self.maybe(lambda: self.many(lambda: self.maybe(self.small, 0.1))),
            "coupon": self.maybe(lambda: self.struct(coupon)),
            "picks": self.maybe(lambda: self.many(lambda: self.maybe(lambda: self.struct(pick), 0.05)), 0.1),
            "missing": self.missing(),
        }  # fmt: skip

    def struct(self, fields):
        return {name: self.maybe(make) for name, make in fields.items()}

    def maker(self):
        return self.struct({"name": self.word, "city": self.word})

    def maybe(self, make, share=MAY_BE_NULL):
        return None if self.random.random() < share else make()

    def many(self, make):
        return [make() for _ in range(self.random.choice((0, 1, 2, 2, 3, 5)))]

    def word(self):
        return self.random.choice(WORDS)

    def words(self):
        return self.many(lambda: self.maybe(self.word, 0.1))

    def flip(self):
        return self.random.random() < 0.5

    def small(self):
        return self.random.choice((0, 1, 2, 3, -1, 10, 255))

    def whole(self):
        return self.random.choice((0, 1, 2, 3, 7, -1, -5, 10, 999, 1_000, 2**31 - 1))

    def real(self):
        return self.random.choice(
            (0.0, -0.0, 1.0, 0.1, -2.5, 1e16, 1e-7, 1e300, float("inf"), float("nan"), 3.0, 1 / 3)
        )

    def money(self):
        return Decimal(self.random.choice((0, 1, 10, 120, 250, 999, -5, 123_456_789))) / 100

    def day(self):
        return date(2024, 2, 28) + timedelta(self.random.choice((0, 1, 2, 300, -9_000)))

    def instant(self):
        return datetime(2024, 3, 31, 0, 30, tzinfo=UTC) + timedelta(seconds=self.random.choice((0, 1, 86_400, 0.5)))

    def missing(self):
        if self.random.random() < 0.7:
            return self.random.choice(([], [], None))
        return [self.random.choice(PATHS) for _ in range(self.random.randrange(1, 3))]


TEXT = ("name", "nick", "coupon.code")
NUMBER = ("n", "k", "x", "n", "coupon.percent")
LIST = ("tags", "nums")
LITERALS = ("'a'", "'Ana'", "''", '"it\'s"', "'<b>'", "0", "1", "2", "3", "-1", "2.5", "none", "true", "false")
FILTERS = (
    "upper", "lower", "trim", "title", "capitalize", "length", "default('d')", "default('d', true)", "default(n)",
    "string", "escape", "first", "last", "truncate(5)", "truncate(7, true, '..')", "replace('a', 'o')", "int",
    "float", "round", "round(1)", "abs", "urlencode", "wordcount", "striptags", "reverse | list", "list", "sort", "unique | list",
    "join(', ')", "join", "sum", "min", "max", "map('upper') | join('-')", "select | list", "reject('none') | list",
    "select('string') | join", "batch(2) | list", "format(1)", "money('EUR', 'de')", "date('short', 'en_US')",
    "number('de')", "percent('en')", "plural('en', one='1 day', other='days')", "first | upper", "length + 1",
)  # fmt: skip
LIST_FILTERS = (
    "map(attribute='name') | join(', ')", "selectattr('stock') | list | length", "rejectattr('price', 'none') | list | length",
    "sort(attribute='stock') | map(attribute='name') | list | join", "length", "first", "selectattr('stock', 'gt', 1) | map(attribute='stock') | sum",
    "sort(attribute='name', reverse=true) | map(attribute='name') | join('|')", "map(attribute='maker.city') | join(',')",
    "reverse | map(attribute='stock') | list", "slice(2) | list | length",
)  # fmt: skip
TESTS = ("defined", "undefined", "none", "string", "number", "mapping", "sequence", "odd", "even", "divisibleby(3)",
         "eq(1)", "gt(1)", "lt(n)", "ge(2.5)", "in(['a', 'Ana'])", "in([1, 2])", "boolean", "integer", "float", "iterable",
         "true", "false", "upper", "lower", "escaped")  # fmt: skip
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in", "not in")


class Templates:
    """Templates over SCHEMA out of a source of random decisions."""

    def __init__(self, random):
        self.random = random
        self.locals = []
        self.items = []
        self.loops = 0
        self.macros = 0

    def template(self):
        """A template of a few statements."""
        return self.body(self.random.randrange(1, 5), 3)

    def body(self, statements, depth):
        return "".join(self.statement(depth) for _ in range(statements))

    def statement(self, depth):
        kinds = ["text", "show", "show", "show"] + (
            ["if", "if", "for", "set", "with", "capture", "macro", "filter"] if depth else []
        )
        return getattr(self, f"_{self.random.choice(kinds)}")(depth)

    def _text(self, _):
        return self.random.choice((" ", "x", "<p>", "\n", "a & b", "{# note #}", "  \n  ", "'"))

    def _show(self, depth):
        dash = self.random.choice(("", "", "", "-"))
        return f"{{{{{dash} {self.expr(depth)} {dash}}}}}"

    def _if(self, depth):
        text = f"{{% if {self.expr(2)} %}}{self.inner(depth)}"
        for _ in range(self.random.choice((0, 0, 1, 2))):
            text += f"{{% elif {self.expr(2)} %}}{self.inner(depth)}"
        if self.random.random() < 0.6:
            text += f"{{% else %}}{self.inner(depth)}"
        return text + "{% endif %}"

    def inner(self, depth):
        known = (list(self.locals), list(self.items), self.loops)
        text = self.body(self.random.randrange(0, 3), depth - 1)
        self.locals, self.items, self.loops = known
        return text

    def _for(self, depth):
        over = self.random.choice(("picks", "picks", "tags", "nums", "range(3)", "range(k)", "['a', 'b']", "picks[:2]", "tags or []",
                                   "picks | sort(attribute='name')", "picks | selectattr('stock')", "tags | reverse", "tags | default([])",
                                   *(f"{item}.tags" for item in self.items)))  # fmt: skip
        known = (list(self.locals), list(self.items), self.loops)
        item = f"i{len(self.locals) + len(self.items)}"
        (self.items if over.startswith("picks") else self.locals).append(item)
        condition = f" if ({self.expr(1)})" if self.random.random() < 0.2 else ""
        self.loops += 1
        body = self.body(self.random.randrange(1, 3), depth - 1)
        self.locals, self.items, self.loops = known
        otherwise = f"{{% else %}}{self.inner(depth)}" if self.random.random() < 0.3 else ""
        return f"{{% for {item} in {over}{condition} %}}{body}{otherwise}{{% endfor %}}"

    def _set(self, depth):
        name = self.random.choice(("v", "w", "name"))
        text = f"{{% set {name} = {self.expr(depth)} %}}"
        if name not in self.locals:
            self.locals.append(name)
        return text

    def _with(self, depth):
        value = self.expr(depth)
        known = list(self.locals)
        self.locals.append("u")
        text = f"{{% with u = {value} %}}{self.body(2, depth - 1)}{{% endwith %}}"
        self.locals = known
        return text

    def _capture(self, depth):
        text = f"{{% set c %}}{self.inner(depth)}{{% endset %}}"
        self.locals.append("c")
        return text

    def _filter(self, depth):
        return f"{{% filter {self.random.choice(('upper', 'trim', 'title', 'striptags'))} %}}{self.inner(depth)}{{% endfilter %}}"

    def _macro(self, depth):
        self.macros += 1
        known = (self.locals, self.items, self.loops)
        name = f"m{self.macros}"
        self.locals, self.items, self.loops = ["p", "q"], [], 0
        body = self.body(2, depth - 1)
        self.locals, self.items, self.loops = known
        calls = "".join(f"{{{{ {name}({self.expr(1)}) }}}}" for _ in range(2))
        return f"{{% macro {name}(p, q='d') %}}{body}{{% endmacro %}}{calls}"

    def path(self):
        paths = [*TEXT, *NUMBER, *LIST, "price", "flag", "day", "at", "coupon.minimum", "coupon.until", "day.year", "picks[0].name",
                 "tags[0]", "picks[-1].maker.city", "name[:2]", *self.locals, *self.locals, *self.locals]  # fmt: skip
        for item in self.items:
            paths += [f"{item}.name", f"{item}.price", f"{item}.stock", f"{item}.maker.name", f"{item}.tags"] * 2
        if self.loops:
            paths += [
                "loop.index",
                "loop.first",
                "loop.last",
                "loop.length",
                "loop.revindex0",
                "loop.cycle('a', 'b')",
                "loop.index0",
            ] * 2
        return self.random.choice(paths)

    def expr(self, depth):
        if depth <= 0 or self.random.random() < 0.35:
            return self.path() if self.random.random() < 0.8 else self.random.choice(LITERALS)
        one, other = self.expr(depth - 1), self.expr(depth - 1)
        made = (
            lambda: f"{one} | {self.random.choice(FILTERS)}",
            lambda: f"picks | {self.random.choice(LIST_FILTERS)}",
            lambda: f"({one}) | {self.random.choice(FILTERS)}",
            lambda: f"({one}) {self.random.choice(COMPARISONS)} ({other})",
            lambda: f"({one}) {self.random.choice(('and', 'or'))} ({other})",
            lambda: f"({one}) {self.random.choice(('and', 'or'))} ({other})",
            lambda: f"not ({one})",
            lambda: f"({one}) if ({other}) else ({self.expr(depth - 1)})",
            lambda: f"({one}) if ({other})",
            lambda: f"({one}) ~ ({other})",
            lambda: f"{self.number()} {self.random.choice(('+', '-', '*', '/', '//', '%'))} {self.number()}",
            lambda: f"({one}) {self.random.choice(('+', '*', '-'))} ({other})",
            lambda: f"({one}) is {self.random.choice(TESTS)}",
            lambda: f"({one}) is not {self.random.choice(TESTS)}",
            lambda: f"{self.path()} | default({other})",
            lambda: f"1 < {self.number()} <= {self.number()}",
            lambda: f"-{self.number()}",
            lambda: f"({one}) in [{', '.join(self.random.choice(LITERALS) for _ in range(2))}]",
            lambda: f"[{one}, {other}] | join('/')",
        )  # fmt: skip
        return self.random.choice(made)()

    def number(self):
        return self.random.choice((*NUMBER, "price", "1", "2", "0.5", *(["loop.index"] if self.loops else [])))
