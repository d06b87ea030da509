"""What a mail costs: the columnar engine against Jinja2, minijinja and python-liquid, in one process, on one core.

The mail is of 2-3 KB with conditions, a loop over four products, dates and prices; autoescape is on. Templates are
compiled once and warmed up. Contexts are dictionaries (or Arrow batches) before the clock starts; what their conversion
from Arrow costs is measured beside. minijinja gets dates and prices as texts, to spare it calls into Python. All run on
one thread; the clock counts the process's own CPU seconds, so that a busy machine does not decide, and as timeit does,
the garbage collector waits meanwhile. Columnar takes slice after slice as a worker does and lets go of each part; its
texts are compared in a second pass that does not count. Then `rendering_in_spark.py` runs, in a process of its own.

    .venv/bin/python benchmarks/rendering.py [--rows 200000] [--spark-rows 1000000] [--rounds 5]

The last line is JSON: ratios of rates (columnar to the contender), whether every text was equal to Jinja2's, the share
of nodes with a kernel over the corpus of the tests, and what the jobs in Spark came to.
"""

import argparse
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

import jinja2
import liquid
import minijinja
import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lettermill.rendering.compiled import Renderer, compile_template
from tests.rendering.corpus import CASES, PEOPLE

SLICE = 20_000
SLICES_AT_ONCE = 5
WARMING = 3  # slices that do not count, after which a worker's memory has been claimed
PICK = pa.struct([
    ("name", pa.string()), ("url", pa.string()), ("image", pa.string()), ("price", pa.decimal128(12, 2)),
    ("was", pa.decimal128(12, 2)), ("stock", pa.int32()),
])  # fmt: skip
SCHEMA = pa.schema([
    ("first_name", pa.string()), ("segment", pa.string()), ("city", pa.string()), ("points", pa.int64()),
    ("last_order_on", pa.date32()), ("picks", pa.list_(PICK)),
    ("coupon", pa.struct([("code", pa.string()), ("percent", pa.int32()), ("expires_on", pa.date32())])),
    ("unsubscribe", pa.string()),
])  # fmt: skip
MAIL = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Your picks of the week</title></head>
<body style="margin:0;background:#f4efe4;font-family:Helvetica,Arial,sans-serif">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<h1 style="font-size:26px;color:#174a31">Hello {{ first_name or 'friend' }},</h1>
{% if segment == 'loyal' %}
<p style="font-size:16px">Thank you for shopping with us. You have {{ points }} points{% if points >= 500 %}, enough
for a free delivery to {{ city }}{% endif %}.</p>
{% elif segment == 'lapsing' %}
<p style="font-size:16px">We have not seen you since {{ last_order_on }}. Your shelf is as you left it.</p>
{% else %}
<p style="font-size:16px">Welcome! Once a week we send you a short list of good things.</p>
{% endif %}
{% if coupon %}
<p style="border:2px dashed #c08a1e;padding:12px"><b>{{ coupon.percent }} % off</b> with the code
<b>{{ coupon.code }}</b>, until {{ coupon.expires_on }}.</p>
{% endif %}
<table role="presentation" width="600">
{% for pick in picks %}
<tr><td width="140"><a href="{{ pick.url }}"><img src="{{ pick.image }}" width="130" alt="{{ pick.name }}"></a></td>
<td style="font-size:15px;line-height:22px"><b>{{ loop.index }}. {{ pick.name }}</b><br>
{% if pick.was %}<span style="color:#b03a1e">{{ pick.price }} EUR</span> <s>{{ pick.was }} EUR</s>
{% else %}{{ pick.price }} EUR{% endif %}
{% if pick.stock < 5 %}<i>only {{ pick.stock }} left</i>{% endif %}
<br><a href="{{ pick.url }}" style="color:#1b6b43">View item</a></td></tr>
{% else %}
<tr><td>Nothing new this week.</td></tr>
{% endfor %}
</table>
<p style="font-size:12px;color:#56645a">You get this because you signed up in {{ city | upper }}.
<a href="{{ unsubscribe }}">Unsubscribe</a></p>
</td></tr></table></body></html>
"""
HALF = """{{ first_name | title }} {{ first_name }} {{ city | wordcount }} {{ city }} {{ segment | capitalize }}
{% for pick in picks %}{{ pick.name | truncate(8) }} {{ pick.name }} {{ pick.url | urlencode }} {{ pick.price }}
{{ pick.name | replace('a', 'o') }} {{ pick.stock }} {{ pick.price * 2 }} {{ loop.index }}{% endfor %}
"""
IN_LIQUID = {
    "{{ first_name or 'friend' }}": "{{ first_name | default: 'friend' }}",
    "{% elif": "{% elsif",
    "loop.index": "forloop.index",
    "city | upper": "city | upcase",
}


def branching(arms: int) -> str:
    """The mail with a paragraph more, of which each row sees one of `arms`."""
    tests = [f"{{% {'elif' if arm else 'if'} points % {arms} == {arm} %}}" for arm in range(arms)]
    ways = (f"{test}<p>Way {arm:02}: {{{{ first_name }}}} of {{{{ city }}}}</p>" for arm, test in enumerate(tests))
    return MAIL.replace("{% if coupon %}", "".join(ways) + "{% endif %}\n{% if coupon %}", 1)


def contexts(rows: int, *, seed: int = 1) -> Iterator[pa.RecordBatch]:
    """Invented people, SLICE at a time."""
    random = np.random.default_rng(seed)
    names = ["Ana", "Ben", "Chloë", "O'Neill", "Dörte", "Smith & Sons", None, "Eva", "Farid", "Grace"]
    cities = ["Vienna", "Graz", "St. Pölten", "Linz <Donau>", "Bregenz"]
    goods = [
        f"{kind} no. {number}" for number in range(400) for kind in ("Pear", "Ben's jam", "Salt & pepper", "Tea", "Fig")
    ]
    for start in range(0, rows, SLICE):
        people = range(start, min(start + SLICE, rows))
        yield pa.RecordBatch.from_pylist([_person(person, random, names, cities, goods) for person in people], SCHEMA)


def _person(person: int, random: Any, names: list[Any], cities: list[str], goods: list[str]) -> dict[str, Any]:
    draw = random.integers(0, 1_000_000, 16).tolist()
    picks = [_pick(draw[6 + 2 * place], draw[7 + 2 * place], goods) for place in range(4)]
    coupon = {
        "code": f"SAVE{draw[0] % 10_000}",
        "percent": 10,
        "expires_on": date(2026, 1, 1) + timedelta(draw[1] % 90),
    }
    return {
        "first_name": names[draw[2] % len(names)],
        "segment": ("loyal", "lapsing", "new")[draw[3] % 3],
        "city": cities[draw[4] % len(cities)],
        "points": draw[5] % 1_000,
        "last_order_on": date(2025, 1, 1) + timedelta(draw[1] % 300),
        "picks": picks,
        "coupon": coupon if draw[0] % 2 else None,
        "unsubscribe": f"https://shop.example/u/{person:08x}{draw[0]:05x}?k=1&t=mail",
    }


def _pick(one: int, other: int, goods: list[str]) -> dict[str, Any]:
    number = one % len(goods)
    price = Decimal(99 + other % 5_000) / 100
    return {
        "name": goods[number],
        "url": f"https://shop.example/p/{number}?from=mail&pos=1",
        "image": f"https://img.shop.example/{number}.jpg",
        "price": price,
        "was": price + 1 if other % 3 == 0 else None,
        "stock": other % 40,
    }


@dataclass
class Race:
    """CPU seconds of each contender over the same rows, and whether their texts were equal."""

    seconds: dict[str, float] = field(default_factory=dict)
    identical: bool = True
    rows: int = 0

    def timed(self, contender: str, work: Callable[[], Any]) -> Any:
        """Run `work` and add to the contender's time."""
        gc.collect()
        gc.disable()
        begun = process_time()
        result = work()
        self.seconds[contender] = self.seconds.get(contender, 0.0) + process_time() - begun
        gc.enable()
        return result

    def compare(self, renderer: Renderer, batch: pa.RecordBatch, wanted: list[str]) -> None:
        """Look whether columnar writes what the library wrote."""
        self.identical &= renderer.render(batch).text.to_pylist() == wanted
        self.rows += batch.num_rows

    def ratio(self, contender: str) -> float:
        """How many times the contender's rate columnar is."""
        return round(self.seconds[contender] / self.seconds["columnar"], 2)


def rendered_first(result: Race, renderer: Renderer, rows: int) -> Iterator[pa.RecordBatch]:
    """The batches, some at once after columnar has rendered them."""
    batches = contexts(rows)
    while some := list(islice(batches, SLICES_AT_ONCE)):
        for batch in some[:WARMING]:
            deque(renderer.stream(batch), maxlen=0)
        for batch in some:
            result.timed("columnar", lambda batch=batch: deque(renderer.stream(batch), maxlen=0))
        yield from some


def race(source: str, rows: int, *, with_minijinja: bool) -> tuple[Race, Renderer]:
    """All contenders over the same batches, slice by slice."""
    options: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True}
    plain = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, **options).from_string(source)
    mini = minijinja.Environment(templates={"mail.html": source}, auto_escape_callback=lambda _: "html", **options)
    renderer = compile_template(source, language="jinja2", schema=SCHEMA, autoescape=True)
    result = Race()
    few = next(contexts(SLICE // 10))
    for _ in range(2):
        list(renderer.stream(few))
    for one in few.to_pylist():
        plain.render(one)
        mini.render_template("mail.html", **_texts(one)) if with_minijinja else None
    for batch in rendered_first(result, renderer, rows):
        listed = result.timed("conversion to dictionaries", batch.to_pylist)
        wanted = result.timed("jinja2", lambda listed=listed: [plain.render(one) for one in listed])
        if with_minijinja:
            texts = [_texts(one) for one in listed]
            result.timed("minijinja", lambda texts=texts: [mini.render_template("mail.html", **one) for one in texts])
        result.compare(renderer, batch, wanted)
    return result, renderer


def race_in_liquid(rows: int) -> Race:
    """The same mail in Liquid: columnar against python-liquid."""
    source = MAIL
    for words, in_liquid in IN_LIQUID.items():
        source = source.replace(words, in_liquid)
    environment = liquid.Environment(autoescape=True, undefined=liquid.StrictDefaultUndefined)
    plain = environment.from_string(source)
    renderer = compile_template(source, language="liquid", schema=SCHEMA, autoescape=True)
    result = Race()
    few = next(contexts(SLICE // 10))
    for _ in range(2):
        list(renderer.stream(few))
        [plain.render(**one) for one in few.to_pylist()]
    for batch in rendered_first(result, renderer, rows):
        listed = batch.to_pylist()
        wanted = result.timed("python-liquid", lambda listed=listed: [plain.render(**one) for one in listed])
        result.compare(renderer, batch, wanted)
    return result


def _texts(value: Any) -> Any:
    """Dates and decimals as the texts that they print as."""
    if isinstance(value, dict):
        return {name: _texts(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return str(value) if isinstance(value, date | Decimal) else value


def branches_50_vs_5(rows: int) -> float:
    """How many times the time of 5 branches 50 branches take; the median of five pairs."""
    few, many = (
        compile_template(branching(arms), language="jinja2", schema=SCHEMA, autoescape=True) for arms in (5, 50)
    )
    batches = list(contexts(rows))
    pairs = []
    for _ in range(5):
        took = Race()
        for batch in batches:
            took.timed("few", lambda batch=batch: deque(few.stream(batch), maxlen=0))
            took.timed("many", lambda batch=batch: deque(many.stream(batch), maxlen=0))
        pairs.append(took.seconds["many"] / took.seconds["few"])
    return round(statistics.median(pairs), 2)


def main() -> None:
    """Print the rates, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--spark-rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    figures = on_one_core(given.rows) | in_spark(given.spark_rows, given.rounds)
    say(json.dumps(figures))


def in_spark(rows: int, rounds: int) -> dict[str, Any]:
    """The figures of the jobs in Spark, by their own script, whose lines are passed on."""
    script = Path(__file__).with_name("rendering_in_spark.py")
    command = [sys.executable, str(script), "--rows", str(rows), "--rounds", str(rounds)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    line = ""
    for line in running.stdout:
        sys.stdout.write(line)
    if running.wait():
        sys.exit(f"{script.name} failed")
    found: dict[str, Any] = json.loads(line)
    return {f"spark_{name}" if name in ("rows", "environment") else name: value for name, value in found.items()}


def corpus_coverage() -> float:
    """The share of nodes with a kernel, over all templates of the tests' corpus that read its people."""
    shares = [
        compile_template(
            one.template, language="jinja2", schema=PEOPLE.schema, autoescape=True, partials=one.partials,
            missing="missing",
        ).vectorised.share
        for one in CASES.values()
    ]  # fmt: skip
    return round(statistics.mean(shares), 4)


def on_one_core(rows: int) -> dict[str, Any]:
    """The figures of all contenders on one core."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    mail, renderer = race(MAIL, rows, with_minijinja=True)
    for contender, seconds in mail.seconds.items():
        say(f"{contender:>26}: {mail.rows / seconds / 1_000:7.1f} k/s")
    half, _ = race(HALF, min(rows, 20_000), with_minijinja=False)
    in_liquid = race_in_liquid(rows)
    for contender, seconds in in_liquid.seconds.items():
        say(f"{contender + ', Liquid':>26}: {in_liquid.rows / seconds / 1_000:7.1f} k/s")
    coverage = renderer.vectorised
    say(f"{'without a kernel':>26}: {dict(coverage.without) or 'none'}")
    ours = mail.seconds["columnar"]
    return {
        "rows": mail.rows,
        "identical": mail.identical and half.identical and in_liquid.identical,
        "columnar_vs_jinja2": mail.ratio("jinja2"),
        "columnar_vs_jinja2_with_conversion": round(
            (mail.seconds["jinja2"] + mail.seconds["conversion to dictionaries"]) / ours, 2
        ),
        "columnar_vs_minijinja": mail.ratio("minijinja"),
        "liquid_vs_python_liquid": in_liquid.ratio("python-liquid"),
        "branches_50_vs_5": branches_50_vs_5(min(rows, 40_000)),
        "half_fallback_vs_jinja2": half.ratio("jinja2"),
        "vectorised_share": corpus_coverage(),
        "vectorised_share_of_the_mail": round(coverage.share, 4),
        "environment": {
            "python": platform.python_version(), "pyarrow": pa.__version__, "jinja2": jinja2.__version__,
            "python_liquid": liquid.__version__,
            "cores": os.cpu_count(), "arrow_threads": pa.cpu_count(), "machine": platform.machine(),
        },
    }  # fmt: skip


def say(line: str) -> None:
    """One line for whoever watches."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
