"""`lettermill blocks`: the library, listed and looked at."""

import pytest

from lettermill.errors import ConfigError, TemplateError
from tests.cli.library_shop import WHOLE

STYLED = WHOLE | {
    "spring/body.html.j2": WHOLE["spring/body.html.j2"].replace("<title>", "<style>p { color: red; }</style>\n<title>"),
    "_blocks/hero_loyal/block.yml": "description: Thanks\ntags: [hero]\nsample: ann.json\ninputs: {first_name: string}\n",
    "_blocks/hero_loyal/ann.json": '{"first_name": "Ann & Co"}',
    "_blocks/rest/block.yml": 'description: Not used\ninputs: {picks: "array<struct<name: string>>"}\n',
    "_blocks/rest/html.j2": "<b>{{ picks[0].name }}</b>\n",
}


def test_the_list_names_each_block_with_its_parts_inputs_and_who_shows_it(run_over):
    code, out, _ = run_over("blocks", "list", files=STYLED)

    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert [(line[0], *line[2:5]) for line in lines[1:] if line[0] in ("hero_loyal", "rest")] == [
        ("hero_loyal", "html", "first_name", "spring:"),
        ("rest", "html", "picks", "no"),
    ]


def test_each_block_is_shown_with_its_sample_in_the_style_of_the_campaign_that_shows_it(run_over, tmp_path):
    code, _, _ = run_over("blocks", "preview", "--all", "--no-pictures", "--out", str(tmp_path / "out"), files=STYLED)

    assert code == 0
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "hero_loyal-spring.html", "hero_new-spring.html", "rest.html", "index.html",
    }  # fmt: skip
    assert '<p style="color: red;">Thanks, Ann &amp; Co</p>' in (tmp_path / "out/hero_loyal-spring.html").read_text()
    assert "<b>Name</b>" in (tmp_path / "out/rest.html").read_text()
    index = (tmp_path / "out/index.html").read_text()
    assert index.count("spring: slot hero, by rules") == 2
    assert "Without a style, since no campaign shows it" in index


def test_a_block_with_a_fault_is_exit_code_1_and_told_on_the_page(run_over, tmp_path):
    null = STYLED | {"_blocks/hero_new/block.yml": "description: x\nsample: x.json\ninputs: {first_name: string}\n"}
    null |= {"_blocks/hero_new/x.json": "{}", "_blocks/hero_new/html.j2": "<p>{{ first_name }}</p>"}

    code, _, _ = run_over("blocks", "preview", "hero_new", "--no-pictures", "--out", str(tmp_path / "out"), files=null)

    assert code == 1
    assert "html: first_name is null and was printed" in (tmp_path / "out/index.html").read_text()


@pytest.mark.parametrize(
    ("name", "files", "error", "words"),
    [
        ("hreo", {}, ConfigError, "no block 'hreo'"),
        ("hero_new", {"_blocks/hero_new/html.j2": "{{ first_name }}"}, TemplateError, "'first_name' is not declared"),
        (
            "hero_loyal",
            {"_blocks/hero_loyal/ann.json": '{"frist_name": "x"}'},
            ConfigError,
            "did you mean 'first_name'?",
        ),
        ("hero_new", {"_blocks/hero_new/block.yml": "descripton: x"}, ConfigError, "did you mean 'description'?"),
    ],
)
def test_what_is_wrong_with_a_block_is_an_error_that_names_it(run_over, name, files, error, words):
    _, _, raised = run_over("blocks", "preview", name, "--no-pictures", files=STYLED | files)

    assert isinstance(raised, error)
    assert words in str(raised)


def test_names_or_all_of_them_must_be_asked_for(run_over):
    assert run_over("blocks", "preview", files=STYLED)[0] == 2
    assert run_over("blocks", "preview", "rest", "--all", files=STYLED)[0] == 2


def test_a_campaign_that_cannot_be_read_does_not_hide_the_library(run_over):
    code, out, _ = run_over("blocks", "list", files=STYLED | {"spring/campaign.yml": "slots: 1"})

    assert code == 0
    assert "spring cannot be read, so what it shows is not told" in " ".join(out.split())
