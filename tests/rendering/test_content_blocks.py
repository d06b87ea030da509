"""Slots become closed branches over blocks of the library, and are part of the template and its version."""

from types import SimpleNamespace

import pytest

from lettermill.errors import TemplateError
from lettermill.rendering.content_blocks import Block, block_version, slot_source, unmet
from lettermill.rendering.declared import arrow_type
from lettermill.rendering.preview.branches import branches_of, plans_of
from lettermill.rendering.rowwise import renderer

INPUTS = {"first_name": "string", "slots": "struct<hero: string>"}
HERO = {"hero": SimpleNamespace(shown=("loyal", "new"))}
HTML = "<style>.h { color: red; }</style><p>Top</p>\n{% include 'slots/hero.html.j2' %}\n"
BLOCKS = {
    "../_blocks/loyal/html.j2": '<h1 class="h">Thanks{% if first_name %}, {{ first_name }}{% endif %}</h1>\n',
    "../_blocks/new/html.j2": "<h1>Welcome</h1>\n",
}


@pytest.fixture
def slotted(template_of):
    """Load a template with the slot `hero`; returns it."""

    def load(*, html=HTML, files=BLOCKS, slots=HERO, **sources):
        return template_of(html=html, files=files, slots=slots, inputs=INPUTS, **sources)

    return load


@pytest.mark.parametrize(
    ("hero", "wanted"),
    [
        ("loyal", '<p>Top</p>\n<h1 class="h" style="color: red;">Thanks, Ann</h1>\n'),
        ("new", "<p>Top</p>\n<h1>Welcome</h1>\n"),
        (None, "<p>Top</p>\n"),
        ("another", "<p>Top</p>\n"),
    ],
)
def test_a_slot_shows_the_block_that_was_chosen_with_its_styles(slotted, hero, wanted):
    rendered = renderer(slotted()).render({"first_name": "Ann", "slots": {"hero": hero}})

    assert rendered.fault is None
    assert rendered.parts["html"] == wanted


def test_every_block_is_a_branch_that_is_known_before_any_data(slotted):
    template = slotted()

    branches = branches_of(plans_of(template, types={name: arrow_type(ddl) for name, ddl in INPUTS.items()}))

    assert [one for one in branches if "slots/hero" in one and one.startswith("html")] == [
        "html:slots/hero.html.j2",
        "html:slots/hero.html.j2:1.if",
        "html:slots/hero.html.j2:4.elif",
    ]
    assert {"_blocks/loyal/html.j2", "_blocks/new/html.j2", "slots/hero.html.j2"} <= {*template.partials}


def test_a_line_changed_in_a_block_is_another_version_of_the_template_and_of_the_block(slotted):
    changed = BLOCKS | {"../_blocks/new/html.j2": "<h1>Hello</h1>\n"}

    assert slotted().version == slotted().version != slotted(files=changed).version
    assert block_version({"html.j2": "a"}) == block_version({"html.j2": "a"}) != block_version({"html.j2": "b"})


def test_a_header_gets_its_block_in_one_line(slotted):
    subjects = {"../_blocks/loyal/subject.j2": "For you\n", "../_blocks/new/subject.j2": "Welcome\n"}

    template = slotted(subject="{% include 'slots/hero.subject.j2' %}\n", html="x", files=subjects)

    assert renderer(template).render({"first_name": None, "slots": {"hero": "new"}}).parts["subject"] == "Welcome"


def test_a_text_part_is_derived_from_the_blocks(slotted):
    rendered = renderer(slotted()).render({"first_name": None, "slots": {"hero": "new"}})

    assert rendered.parts["text"].split() == ["Top", "Welcome"]


@pytest.mark.parametrize(
    ("changes", "problem", "mend"),
    [
        ({"html": "x"}, "no part shows the slot 'hero'", "include 'slots/hero.html.j2'"),
        (
            {"files": {"../_blocks/loyal/html.j2": "x"}},
            "the slot 'hero' may show the block 'new', which has no html.j2",
            "write html.j2",
        ),
        ({"html": "{% include 'slots/hreo.html.j2' %}"}, "no file 'slots/hreo.html.j2' to include", "include a file"),
        (
            {"files": BLOCKS | {"../_blocks/new/html.j2": "\n{{ city }}"}},
            "'city' is not declared as an input",
            "first_name",
        ),
    ],
)
def test_what_does_not_fit_is_an_error_with_its_mend(slotted, changes, problem, mend):
    with pytest.raises(TemplateError) as caught:
        slotted(**changes)

    assert problem in caught.value.problem
    assert mend in caught.value.mend


def test_no_file_outside_the_library_is_reached_through_its_name(slotted, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")

    with pytest.raises(TemplateError, match="no file"):
        slotted(html="{% include '_blocks/../../secret.txt' %}", slots={})


def test_a_block_needs_of_an_input_only_what_it_reads():
    block = Block(
        "hero", "", {"links": "struct<shop: string>", "picks": "array<struct<name: string>>", "city": "string"}
    )
    inputs = {
        "links": "struct<unsubscribe: string, shop: string>",
        "picks": "array<struct<name: int>>",
        "citys": "string",
    }

    told = list(unmet(block, {name: SimpleNamespace(type=ddl) for name, ddl in inputs.items()}))

    assert told == [
        "block 'hero' reads picks as array<struct<name: string>>, but inputs.picks is array<struct<name: int>>",
        "block 'hero' reads city, which is not declared under inputs, did you mean 'citys'?",
    ]


def test_a_slot_of_no_block_is_an_empty_file():
    assert slot_source("hero", (), part="html") == ""
