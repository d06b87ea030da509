"""A mail over whole batches is the mail of each message by Jinja2: same parts, same fault, same branches."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from lettermill.rendering.columnar.inputs import python_rows
from lettermill.rendering.mail import Mail
from lettermill.rendering.rowwise import renderer

INPUTS = pa.struct(
    [
        ("first_name", pa.string()),
        ("picks", pa.list_(pa.struct([("name", pa.string()), ("price", pa.decimal128(12, 2)), ("url", pa.string())]))),
        ("coupon", pa.struct([("code", pa.string()), ("minimum", pa.decimal128(12, 2)), ("expires_on", pa.date32())])),
        ("locale", pa.string()),
    ]
)
PEAR = {"name": "Pear & Co", "price": Decimal("1.20"), "url": "https://shop.example/pear?a=1&b=2"}
FIG = {"name": "Fig <3", "price": Decimal("2.00"), "url": "HTTPS://shop.example/fig"}
COUPON = {"code": "TEN", "minimum": Decimal("30.00"), "expires_on": date(2018, 2, 1)}
FINE = {"first_name": "Ana", "picks": [PEAR, FIG], "coupon": COUPON, "locale": "en_US"}

PARTS = {
    "subject": "{% if coupon %}{{ coupon.code }} for {% endif %}{{ first_name }}",
    "html": "{% include 'tile.j2' %}{% if coupon %}until {{ coupon.expires_on | date('long', locale) }}{% endif %}",
    "text": "{% for pick in picks %}{{ pick.name }}: {{ pick.price | money('USD', locale) }}\n{% endfor %}",
}
TILE = '{% for pick in picks %}<a href="{{ pick.url }}">{% if loop.first %}first: {% endif %}{{ pick.name }}</a>{% endfor %}'


def came_to(mails, row):
    parts = {name: text[row].as_py() for name, text in mails.parts.items()}
    fault = mails.fault[row].as_py()
    return ({} if fault else parts), mails.branches[row].as_py(), fault, mails.fault_part[row].as_py()


def compared(template, *rows, missing=None):
    """What the batch came to, once it is the same as message by message."""
    inputs, gone = pa.array(rows, INPUTS), pa.array(missing or [[]] * len(rows), pa.list_(pa.string()))
    mails = Mail(template, INPUTS).render(inputs, gone)
    columns = dict(zip((INPUTS.field(i).name for i in range(INPUTS.num_fields)), inputs.flatten(), strict=True))
    expected = [renderer(template).render(row) for row in python_rows(columns, gone, len(rows))]
    found = [came_to(mails, row) for row in range(len(rows))]
    assert found == [(dict(one.parts), list(one.branches), one.fault, one.fault_part) for one in expected]
    return found


def test_every_message_of_a_batch_is_as_the_library_renders_it_alone(template_of):
    template = template_of(files={"tile.j2": TILE}, **PARTS)

    found = compared(
        template,
        FINE,
        FINE | {"coupon": None, "locale": "de_DE"},
        FINE | {"first_name": None},
        FINE | {"first_name": "a\r\nb"},
        FINE | {"picks": []},
        FINE | {"locale": "nowhere"},
        FINE,
        missing=[[], [], [], [], [], [], ["picks.1.name"]],
    )

    assert [(fault, part) for _, _, fault, part in found] == [
        (None, None),
        (None, None),
        ("first_name is null and was printed, at subject:1", "subject"),
        ("a line break in the subject", "subject"),
        (None, None),
        ("the locale is not known, at html:1", "html"),
        ("pick.name is missing, at html:tile.j2:1", "html"),
    ] or found


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("https://a.example", False),
        ("mailto:a@b.example", False),
        ("/path", False),
        ("page.html", False),
        ("", False),
        ("javascript:alert(1)", True),
        ("JavaScript:alert(1)", True),
        (" java\tscript:alert(1)", True),
        ("data:text/html,x", True),
        ("vbscript:x", True),
        ("&#106;avascript:alert(1)", False),  # escaped, so a browser reads the entity as text
    ],
)
@pytest.mark.parametrize(
    "html",
    [
        '<a href="{{ first_name }}">x</a>',
        "<a href='{{ first_name }}'>x</a>",
        '<img src="{% if coupon %}{{ first_name }}{% endif %}">',
    ],
)
def test_data_that_begins_a_link_leads_nowhere_but_to_harmless_schemes(template_of, html, url, is_refused):
    template = template_of(html=html)

    ((_, _, fault, _),) = compared(template, FINE | {"first_name": url})

    assert (fault == "a link that is none of http, https, mailto, tel and cid") is is_refused


def test_an_address_written_in_pieces_is_looked_at_as_a_whole(template_of):
    template = template_of(html='<a href="{{ first_name }}{{ locale }}">x</a>')

    found = compared(template, FINE | {"first_name": "java", "locale": "script:x"}, FINE | {"first_name": "https://"})

    assert [fault is None for _, _, fault, _ in found] == [False, True]
