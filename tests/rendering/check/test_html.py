"""The html part: what its readers and the law need, and what Gmail would hide."""

import pytest

from tests.rendering.check.conftest import HTML

LINK = '<a href="{{ links.unsubscribe }}">Unsubscribe</a>'
WITHOUT = HTML.replace(LINK, "")
CLIPPED = "Gmail hides what comes behind 102 KB, the unsubscribe link with it"


def with_body(html):
    return HTML.replace("<p>Hello</p>", html)


@pytest.fixture
def told_of_html(findings):
    """Check an html part: its findings as `rule severity line:column message`."""

    def check(html, **more):
        found = findings(html=html, **more)
        return [f"{one.rule} {one.severity} {one.line}:{one.column} {one.message}" for one in found]

    return check


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (with_body('<img src="https://a.example/b.png">'), ["LM501 warning 3:1 an image has no alt text"]),
        (with_body('<a href="http://a.example">x</a>'), ["LM502 warning 3:10 a link without https can be read and changed on its way"]),
        (with_body('<a href="http://{{ city }}">x</a>'), ["LM502 warning 3:10 a link without https can be read and changed on its way"]),
        (with_body('<img alt="" src="http://a.example/b.png">'), ["LM502 warning 3:18 a link without https can be read and changed on its way"]),
        (with_body("<a href='//a.example'>x</a>"), ["LM502 warning 3:10 a link without a scheme is looked for on the reader's disk by some clients"]),
        (with_body('<a href="JavaScript:alert(1)">x</a>'), ["LM502 error 3:10 a link by javascript: is refused when the mail is rendered"]),
        (with_body('<a href="">x</a><a href="#">x</a>'), ["LM502 warning 3:10 a link leads nowhere", "LM502 warning 3:26 a link leads nowhere"]),
        (with_body('<a href="/shop">x</a>'), ["LM502 warning 3:10 a mail has no address of its own that a relative link could start from"]),
        (WITHOUT, ["LM405 warning 21:3 no part reads links", "LM503 error 1:1 nothing in the mail lets its reader unsubscribe"]),
        (WITHOUT + "{{ links.unsubscribe }}", ["LM503 error 1:1 nothing in the mail lets its reader unsubscribe"]),
        (WITHOUT + "{% if member %}" + LINK + "{% endif %}", ["LM504 warning 4:35 some messages have no unsubscribe link: it stands in a branch"]),
        (with_body("<p class={{ city }}>x</p>"), ["LM505 error 3:10 data stands in an attribute without quotes"]),
        (HTML.replace(' lang="en"', ""), ["LM506 warning 1:1 screen readers need to know the mail's language"]),
        (HTML.replace("<title>Spring</title>", ""), ["LM507 warning 1:1 browsers and screen readers show the title"]),
        (with_body("x" * 110_000), [f"LM508 warning 1:1 the html may take 108 KB, 108 of them by html.j2; {CLIPPED}"]),
        (with_body("{% for p in picks %}" + "x" * 30_000 + "{% endfor %}"), [f"LM508 warning 1:1 the html may take 117 KB, 117 of them by html.j2; {CLIPPED}"]),
        (with_body("<p>%%Name%% {city} *|FNAME|*</p>"), ["LM606 warning 3:4 %%Name%% is of AMPscript, and would be sent as it stands", "LM606 warning 3:13 {city} is in single braces, and would be sent as it stands", "LM606 warning 3:20 *|FNAME|* is of Mailchimp, and would be sent as it stands"]),
        (with_body("<p>{{ city }} }}</p>"), ["LM606 warning 3:15 }} stands alone, and would be sent as it stands"]),
    ],
)  # fmt: skip
def test_what_html_lacks_is_told(told_of_html, html, expected):
    assert told_of_html(html) == expected


@pytest.mark.parametrize(
    "html",
    [
        HTML,
        with_body('<img src="https://a.example/b.png" alt=""><img src="cid:logo" alt="Logo">'),
        with_body(
            '<a href="https://a.example">x</a><a href="{{ city }}">x</a><a href="#top">x</a><a href="mailto:a@b.example">x</a>'
        ),
        with_body(
            '<html xmlns="http://www.w3.org/1999/xhtml"><!-- <img> <a href="http://a.example">x</a> %%Name%% -->'
        ),
        with_body("<style>p { color: red } @media print{p{color:blue}}</style><p>50 %% off</p>"),
        with_body('<p class="{{ city }}" {% if member %}id="x"{% endif %}>x</p>'),
        with_body('<p title="{{ city | replace(">", "") }}">x</p>'),
        WITHOUT
        + "{% if member %}"
        + LINK
        + "{% else %}{% set u = links.unsubscribe %}<a href='{{ u }}'>u</a>{% endif %}",
        with_body("{% for p in picks %}" + "x" * 20_000 + "{% endfor %}"),
        with_body("{% if member %}" + "x" * 60_000 + "{% else %}" + "y" * 60_000 + "{% endif %}"),
    ],
)
def test_html_that_is_fine_is_not_told(told_of_html, html):
    assert told_of_html(html) == []


def test_a_link_in_an_included_footer_counts(findings):
    assert findings(html=WITHOUT + "{% include 'footer.j2' %}", files={"footer.j2": LINK}) == ()


def test_the_css_that_is_put_into_tags_counts_for_the_size(findings):
    style = "<style>.a { color: red; padding: 1px 2px 3px 4px; font-family: Georgia, serif }</style>"
    html = with_body(style + "{% for p in picks %}" + '<p class="a">x</p>' * 450 + "{% endfor %}")

    assert [one.rule for one in findings(html=html)] == ["LM508"]
    assert findings(html=html.replace(style, "")) == ()
