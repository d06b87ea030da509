"""`lettermill campaign check` of a campaign with slots: each fault with file and line."""

import json

import pytest

from tests.cli.library_shop import SLOTS, WHOLE
from tests.cli.test_campaign_check import CAMPAIGN, FILES


@pytest.fixture
def shop(run_over):
    """Runs a command over the whole shop, with some files changed: exit code and output."""
    return lambda *arguments, files=None: run_over(*arguments, files=WHOLE | (files or {}))[:2]


def found(shop, **files):
    _, out = shop("campaign", "check", "spring", "--format", "json", files=files)
    return [(one["rule"], one["file"], one["line"], one["message"]) for one in json.loads(out)["findings"]]


def test_a_campaign_whose_slot_and_blocks_fit_has_nothing_to_mend(shop):
    assert shop("campaign", "check", "spring") == (0, "spring: nothing to mend in 7 files\n")


def test_a_block_that_is_not_in_the_library_is_told_at_its_slot(shop):
    misspelt = (CAMPAIGN + SLOTS).replace("hero_loyal", "hero_loyl")

    message = "slots.hero: the library has no block 'hero_loyl', did you mean 'hero_loyal'?"
    assert found(shop, **{"spring/campaign.yml": misspelt}) == [("LM407", "campaign.yml", 10, message)]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("{city: string}", "slots.hero: block 'hero_loyal' reads city, which is not declared under inputs"),
        (
            "{first_name: int}",
            "slots.hero: block 'hero_loyal' reads first_name as int, but inputs.first_name is string",
        ),
    ],
)
def test_a_block_that_reads_what_the_campaign_does_not_declare_is_told_at_its_slot(shop, inputs, message):
    block = f"description: A hero\ninputs: {inputs}\n"

    assert found(shop, **{"_blocks/hero_loyal/block.yml": block}) == [("LM407", "campaign.yml", 10, message)]


def test_a_slot_that_no_part_shows_and_a_part_that_a_block_lacks_are_told(shop):
    in_text = {"spring/body.txt.j2": FILES["body.txt.j2"] + "{% include 'slots/hero.text.j2' %}"}

    unused = found(shop, **{"spring/body.html.j2": FILES["body.html.j2"]})
    lacking = found(shop, **in_text)

    assert unused == [("LM408", "campaign.yml", 10, "no part shows the slot hero")]
    assert [one for one in lacking if one[0] == "LM107"] == [
        ("LM107", "campaign.yml", 10, f"the slot hero is in the text, and the block {block} has no text.j2")
        for block in ("hero_loyal", "hero_new")
    ]


def test_a_mistake_in_a_block_is_shown_in_the_librarys_file(shop):
    broken = {"_blocks/hero_new/html.j2": "<p>Hello\n{{ frist_name }}</p>\n"}

    code, out = shop("campaign", "check", "spring", files=broken)

    assert code == 1
    assert "error[LM102]: 'frist_name' is not declared as an input of the campaign" in out
    assert " --> campaigns/_blocks/hero_new/html.j2:2:4" in out
