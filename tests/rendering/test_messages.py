"""Messages over whole frames: faults are rows, and hashes and measures are kept of the rest."""

from datetime import date
from decimal import Decimal
from hashlib import sha256

from pyspark.sql import functions as F

from lettermill.rendering.columnar.inputs import leave_out
from lettermill.rendering.messages import render_bodies, render_message_files, render_messages
from lettermill.rendering.templates import stored_template, template_rows
from lettermill.tables.campaigns import contexts_table
from lettermill.tables.rendering import MESSAGES
from tests.conftest import NOON
from tests.rendering.conftest import INPUTS

TYPE = "struct<{}, at: timestamp>".format(", ".join(f"{name}: {ddl}" for name, ddl in INPUTS.items()))
CONTEXTS = contexts_table("spring", inputs=TYPE, fingerprint="00000000")
COUPON = ("ABC", Decimal("30.00"), date(2018, 3, 1))


def context(message_id, *, first_name="Ana", coupon=COUPON, missing=(), at=NOON, **more):
    picks = [("Pear", Decimal("1.20"), "https://x"), ("Fig", Decimal("2.00"), None)]
    inputs = (first_name, picks, coupon, "en_US", at)
    run = {"campaign": "spring", "occurrence": "2018-01-01"}
    return {"message_id": message_id, **run, "inputs": inputs, "missing": list(missing), **more}


def test_each_context_becomes_hashes_or_a_fault_and_never_stops_the_others(given, template_of):
    html = "{% if coupon %}{{ coupon.minimum | money('USD', locale) }} {{ at }}{% endif %}{{ picks[0].name }}"
    template = template_of(subject="Hi {{ first_name }}", html=html, inputs={**INPUTS, "at": "timestamp"})
    contexts = given(
        CONTEXTS,
        context("a", template_version=template.version),
        context("b", template_version=template.version, coupon=None),
        context("c", template_version=template.version, first_name="x\r\ny"),
        context("d", template_version=template.version, missing=["picks.0.name"]),
        context("e", template_version="another"),
    )
    messages = render_messages(contexts, templates={template.version: template}, engine="engine")
    rows = {row["message_id"]: row for row in messages.collect()}

    assert messages.columns == list(MESSAGES.column_names)
    assert hashes(rows["a"]) == of(subject="Hi Ana", html="$30.00 2017-06-01 12:00:00+00:00Pear")
    assert hashes(rows["b"]) == of(subject="Hi Ana", html="Pear")
    assert (rows["a"]["branches"], rows["b"]["branches"]) == (["html:1.if", "text:1.if"], [])
    assert [(rows[i]["fault"], rows[i]["fault_part"], rows[i]["parts"]) for i in "cde"] == [
        ("a line break in the subject", "subject", {}),
        ("picks[0].name is missing, at html:1", "html", {}),
        ("its template version is not in rendering.templates", None, {}),
    ]
    assert [(rows[i]["visible_bytes"], rows[i]["leftovers"], rows[i]["empty"]) for i in "abc"] == [
        (34, [], []),
        (4, [], []),
        (None, [], []),
    ]


def hashes(row):
    return {part: (stored["sha256"], stored["bytes"]) for part, stored in row["parts"].items()}


def of(**parts):
    parts["text"] = parts["html"]
    return {part: (sha256(text.encode()).hexdigest(), len(text.encode())) for part, text in parts.items()}


def test_bodies_are_rendered_from_the_stored_template_in_the_order_of_the_contexts(spark, given, template_of):
    loaded = template_of(html="{{ first_name }}", subject="Hi")
    template = stored_template(template_rows(loaded, spark=spark, as_of=F.lit(NOON)).first())
    assert list(template.parts) == ["subject", "html", "text"]
    contexts = given(CONTEXTS, *(context(i, first_name=i, template_version=template.version) for i in "cab"))
    bodies = render_bodies(
        contexts.repartitionByRange(2, "message_id").sortWithinPartitions("message_id"),
        templates={template.version: template},
    )

    assert [(row["message_id"], row["bodies"]["html"], row["fault"]) for row in bodies.toLocalIterator()] == [
        (i, i, None) for i in "abc"
    ]


def test_a_missing_path_is_left_out_and_one_that_leads_nowhere_is_ignored():
    inputs = {"coupon": {"code": 1}, "picks": [{"price": 1, "name": 2}]}
    for path in ("coupon", "picks.0.price", "picks.7.price", "nowhere.at.all", "coupon.code"):
        leave_out(inputs, path)

    assert inputs == {"picks": [{"name": 2}]}


def test_tasks_that_read_the_context_files_themselves_give_the_same_rows(lake, given, template_of):
    html = "{{ first_name }} {{ at }} {% for pick in picks %}{{ pick.price }}{% endfor %}"
    template = template_of(html=html, inputs={**INPUTS, "at": "timestamp"})
    of_slot = [context(f"{n}", template_version=template.version, first_name=n) for n in ("Ana", "<b>", None)]
    lake.add(given(CONTEXTS, *of_slot[:2]), to=CONTEXTS)
    lake.add(given(CONTEXTS, of_slot[2], {**of_slot[0], "message_id": "x", "occurrence": "2019-01-01"}), to=CONTEXTS)
    contexts = lake.read(CONTEXTS).where("occurrence = '2018-01-01'")
    how = {"templates": {template.version: template}, "engine": "engine"}

    files = render_message_files(contexts, lake.files(CONTEXTS), occurrence="2018-01-01", **how)

    rows = [sorted(frame.collect()) for frame in (files, render_messages(contexts, **how))]
    assert len(rows[0]) == 3
    assert rows[0] == rows[1]


def test_files_that_are_not_the_table_are_not_handed_out(lake, given, spark):
    lake.add(given(CONTEXTS, context("a")), to=CONTEXTS)
    assert len(lake.files(CONTEXTS)) == 1

    name = lake.place.name(CONTEXTS)
    spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
    assert lake.files(CONTEXTS) == []
