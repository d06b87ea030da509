"""Liquid templates that nobody wrote, over the inputs of the invented batches."""

FILES = {
    "card.html": "[{{ c.name }}{% if c.stock > 1 %}+{% endif %}{% assign leak = c.name %}]",
    "row.html": "({{ name }}{{ word | upcase }}{% assign leak = 'row' %})",
}
PATHS = (
    "name", "nick", "n", "k", "x", "flag", "day", "at", "price", "tags", "nums", "picks", "coupon", "coupon.code",
    "coupon.percent", "coupon.until", "coupon.minimum", "picks[0].name", "picks[-1].stock", "picks.first.name",
    "picks.last.maker.city", "tags[0]", "tags.first", "tags.last", "tags.size", "name.size", "nums[1]", "picks.size",
    "picks[k].name", "nums.first",
)  # fmt: skip
LITERALS = ("'a'", '"<i>"', "''", "' '", "0", "1", "2", "-3", "1.5", "true", "false", "nil", "'b & c'", "'now-ish'")
OF_TEXT = (
    "upcase", "downcase", "capitalize", "strip", "lstrip", "rstrip", "squish", "escape", "escape_once", "url_encode",
    "url_decode", "strip_html", "strip_newlines", "newline_to_br", "size", "append: {}", "prepend: {}", "remove: {}",
    "remove_first: {}", "replace: {}, {}", "replace_first: {}, {}", "truncate: 5", "truncate: 7, '<'", "truncate",
    "truncatewords: 2", "slice: 1", "slice: -3, 2", "slice: 0, 4", "split: ','", "split: ''", "default: {}",
    "default: {}, allow_false: true", "base64_encode", "remove_last: {}", "replace_last: {}, {}",
)  # fmt: skip
OF_NUMBERS = (
    "plus: {}", "minus: {}", "times: {}", "divided_by: {}", "modulo: {}", "abs", "ceil", "floor", "round", "round: 1",
    "at_least: {}", "at_most: {}",
)  # fmt: skip
OF_LISTS = (
    "join", "join: ', '", "join: {}", "first", "last", "size", "reverse", "sort", "sort_natural", "uniq", "compact",
    "slice: 0, 2", "slice: 1, 9", "slice: -2, 2", "concat: tags", "sum", "sort | first", "reverse | join: '-'",
)  # fmt: skip
OF_PICKS = (
    "map: 'name'", "map: 'name' | join: ', '", "where: 'name', 'Ana'", "where: 'stock', 1 | size", "where: 'name' | size",
    "sort: 'stock' | map: 'stock'", "sort: 'name' | map: 'name' | join", "reject: 'name', 'a' | size",
    "sum: 'stock'", "map: 'stock' | sum", "first", "sort_natural: 'name' | first", "map: 'maker' | size",
    "reverse | map: 'stock'", "slice: 0, 2 | map: 'name'", "has: 'name', 'a'", "find_index: 'stock', 1",
)  # fmt: skip
OF_DAYS = ("date: '%Y-%m-%d'", "date: '%d. %B %y <b>'", "date: '%H:%M:%S %A'", "date: name")


class Templates:
    """Templates out of a source of random decisions."""

    def __init__(self, random):
        self.random = random
        self.names = []
        self.items = []  # loop variables that are picks

    def template(self):
        """A template of some statements."""
        return self.body(self.random.randrange(1, 6), 0)

    def body(self, statements, depth):
        return "".join(self.statement(depth) for _ in range(statements))

    def statement(self, depth):
        kinds = [self._text, self._show, self._show, self._show, self._assign]
        if depth < 3:
            kinds += [self._if, self._if, self._for, self._for, self._case, self._capture, self._unless, self._tablerow]
            kinds += [self._files, self._rare, self._liquid]
        return self.random.choice(kinds)(depth)

    def _text(self, _):
        return self.random.choice(
            (" ", "x", "<p>", "\n", "{{- nick -}}", " {%- comment %} c {% endcomment -%} ", "{% raw %}{{{% endraw %}")
        )

    def _show(self, _):
        return "{{ " + self.value() + " }}"

    def _assign(self, _):
        name = self.random.choice(("u", "v", "name", "leak"))
        found = "{% assign " + name + " = " + self.value() + " %}"
        self.names.append(name)
        return found

    def _if(self, depth):
        found = "{% if " + self.condition() + " %}" + self.inner(depth)
        for _ in range(self.random.choice((0, 0, 1, 2))):
            found += "{% elsif " + self.condition() + " %}" + self.inner(depth)
        return found + self.random.choice(("", "{% else %}" + self.inner(depth))) + "{% endif %}"

    def _unless(self, depth):
        return "{% unless " + self.condition() + " %}" + self.inner(depth) + "{% else %} {% endunless %}"

    def inner(self, depth):
        return self.body(self.random.randrange(0, 3), depth + 1)

    def _case(self, depth):
        found = "{% case " + self.path() + " %}"
        for _ in range(self.random.randrange(1, 4)):
            whens = ", ".join(self.literal() for _ in range(self.random.choice((1, 1, 2))))
            found += "{% when " + whens + " %}" + self.inner(depth)
        return found + self.random.choice(("", "{% else %}" + self.inner(depth))) + "{% endcase %}"

    def _for(self, depth):
        over = self.random.choice(("tags", "nums", "picks", "picks", "(1..3)", "(k..n)", "coupon", "name", "u", "nick"))
        over = "tags" if over == "u" and "u" not in self.names else over
        limits = self.random.choice(
            ("", "", "", " limit: 2", " limit: 0", " offset: 1", " limit: 2 offset: 1", " limit: k")
        )
        found = "{% for i in " + over + self.random.choice(("", "", " reversed")) + limits + " %}"
        found += self.random.choice(
            ("", "{{ forloop.index }}", "{{ forloop.rindex0 }}", "{% if forloop.last %};{% endif %}")
        )
        found += self.random.choice(("", "{{ i.name }}" if over == "picks" else "{{ i }}", "{% cycle 'a', '<' %}"))
        self.items.append(over)
        found += self.inner(depth)
        found += self.random.choice(
            ("", "", "", "{% break %}", "{% continue %}", "{% if n > 1 %}{% break %}{% endif %}")
        )
        self.items.pop()
        return found + self.random.choice(("", "{% else %}" + self.inner(depth))) + "{% endfor %}"

    def _tablerow(self, depth):
        columns = self.random.choice(("", " cols: 2", " cols: 3 limit: 4"))
        found = "{% tablerow i in " + self.random.choice(("tags", "nums")) + columns + " %}"
        return found + "{{ tablerowloop.col }}{{ tablerowloop.row }}" + self.inner(depth) + "{% endtablerow %}"

    def _capture(self, depth):
        found = "{% capture v %}" + self.inner(depth) + "{% endcapture %}{{ v }}"
        self.names.append("v")
        return found

    def _files(self, _):
        return self.random.choice((
            "{% render 'card.html' with picks[0] as c %}", "{% render 'card.html' for picks as c %}",
            "{% render 'row.html', word: nick %}", "{% include 'row.html', word: 'w<' %}",
            "{% include 'card.html' with picks as c %}", "{% render 'row.html', word: tags.first %}",
        ))  # fmt: skip

    def _rare(self, depth):
        return self.random.choice((
            "{% increment a %}", "{% decrement a %}", "{% cycle 'g': 1, 2 %}", "{% echo name | upcase %}",
            "{% ifchanged %}" + self.inner(depth) + "{% endifchanged %}", "{% # note %}",
        ))  # fmt: skip

    def _liquid(self, _):
        return "{% liquid\n  assign u = " + self._also("u", self.value()) + "\n  if flag\n    echo u\n  endif\n%}"

    def _also(self, name, found):
        self.names.append(name)
        return found

    def path(self):
        """Something that can be read here."""
        known = [*PATHS, *self.names, *self.names]
        if self.items and self.items[-1] == "picks":
            known += ["i.name", "i.stock", "i.maker.city", "i.tags", "i.price"] * 3
        elif self.items:
            known += ["i"] * 4
        if self.items:
            known += ["forloop.index0", "forloop.first", "forloop.length"]
        return self.random.choice(known)

    def literal(self):
        return self.random.choice(LITERALS)

    def operand(self):
        return self.random.choice((self.path, self.literal, self.literal))()

    def value(self):
        """A value with or without filters."""
        kind = self.random.randrange(12)
        if kind < 3:
            return self.path()
        if kind == 3:
            return self.literal()
        if kind == 4:
            return "picks | " + self.random.choice(OF_PICKS).format(*(self.operand() for _ in range(2)))
        if kind == 5:
            return self.random.choice(("day", "at", "coupon.until")) + " | " + self.random.choice(OF_DAYS)
        of, known = self.random.choice(
            (
                (self.path(), OF_TEXT),
                (self.path(), OF_TEXT),
                (self.number(), OF_NUMBERS),
                (self.random.choice(("tags", "nums", "(1..k)")), OF_LISTS),
            )
        )
        chain = [self.random.choice(known) for _ in range(self.random.choice((1, 1, 2, 3)))]
        return " | ".join([of, *(one.format(*(self.operand() for _ in range(2))) for one in chain)])

    def number(self):
        return self.random.choice(("n", "k", "x", "5", "2.5", "'3'", "nums.first", "coupon.percent", "picks[0].stock"))

    def condition(self):
        """One to three comparisons."""
        found = self._compared()
        for _ in range(self.random.choice((0, 0, 1, 2))):
            found += self.random.choice((" and ", " or ")) + self._compared()
        return found

    def _compared(self):
        operator = self.random.choice(("", "==", "!=", "<", "<=", ">", ">=", "contains", "<>"))
        if not operator:
            return self.path()
        if operator == "contains":
            return self.random.choice(("name", "nick", "tags", "nums", "coupon")) + " contains " + self.operand()
        other = self.random.choice((self.literal(), self.literal(), self.path(), "blank", "empty"))
        if operator in ("<", "<=", ">", ">="):
            other = self.random.choice(("1", "2.5", "n", "k", "x", "'a'", "nick", self.operand()))
        return f"{self.path()} {operator} {other}"
