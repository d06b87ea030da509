"""What an ESP must hold: types in its words, flags, what is computed beforehand, and who is held back."""

import pytest

from lettermill.rendering.exports.export import DIALECTS, export_parts, export_plan
from lettermill.rendering.exports.handover import Handed, Handover
from lettermill.rendering.jinja.frontend import plan_of
from tests.rendering.exports.people import CODE, NORMAL, NULL, SCHEMA

TYPES = {field.name: field.type for field in SCHEMA}
SOURCE = """{% if name %}{{ name }}{% endif %}{{ price | money('EUR', locale) }}{% if owner %}{{ age }}{% endif %}
{%- for item in items if item.new %}{{ item.name }}{{ item.price | money('USD', locale) }}{% if item.tags %}!{% endif %}{% endfor %}"""


def exported(source, *, to, autoescape=True):
    plan = plan_of(source, name="html", schema=TYPES, autoescape=autoescape, partials={})
    return export_plan(plan, to=to, schema=SCHEMA)


def told(attributes):
    """What attributes say of themselves beside the plan's nodes; what is not given is left out."""
    return [told_one(one) for one in attributes]


def told_one(attribute):
    kept = {
        key: getattr(attribute, key)
        for key in ("name", "type", "length", "format", "meaning", "stands_for", "plain", "item", "condition")
        if getattr(attribute, key)
    }
    return kept | ({"fields": told(attribute.fields)} if attribute.fields else {})


def test_a_data_extension_holds_texts_numbers_and_lists_as_json():
    text = {"type": "Text", "length": 4000}
    flag = {"type": "Text", "length": 5, "format": "true or false"}

    assert told(exported(SOURCE, to="ampscript").attributes) == [
        {"name": "name", **text, "meaning": "given name", "stands_for": "name", "plain": True},
        {"name": "price_money_eur_locale", **text, "stands_for": "price | money('EUR', locale)"},
        {"name": "owner_given", **flag, "stands_for": "owner"},
        {"name": "age", "type": "Number", "stands_for": "age", "plain": True},
        {
            "name": "items_if_item_new", "type": "Text", "format": "JSON array of objects",
            "meaning": "what was picked", "stands_for": "items", "item": "item", "condition": "item.new",
            "fields": [
                {"name": "name", **text, "stands_for": "item.name", "plain": True},
                {"name": "price_money_usd_locale", **text, "stands_for": "item.price | money('USD', locale)"},
                {"name": "tags_given", **flag, "stands_for": "item.tags"},
            ],
        },
    ]  # fmt: skip


def test_contact_properties_are_texts_and_a_loop_is_one_of_them():
    text = {"type": "string", "length": 65536}
    flag = {"type": "string", "length": 5, "format": "true or false"}
    loop = exported(SOURCE, to="hubl").attributes[-1]

    assert told(exported(SOURCE, to="hubl").attributes[:-1]) == [
        {"name": "name_given", **flag, "stands_for": "name"},
        {"name": "name", **text, "meaning": "given name", "stands_for": "name", "plain": True},
        {"name": "price_money_eur_locale", **text, "stands_for": "price | money('EUR', locale)"},
        {"name": "owner_given", **flag, "stands_for": "owner"},
        {"name": "age", **text, "stands_for": "age", "plain": True},
    ]
    assert (loop.name, loop.kind, loop.format) == ("items_html", "fragment", "escaped as its part needs")
    assert loop.stands_for.startswith("{%+ for item in items if item.new +%}{{ item.name }}")


@pytest.mark.parametrize(
    ("target", "computed", "flags"),
    [
        ("ampscript", ["price_money_eur_locale", "items_if_item_new", "price_money_usd_locale"], ["owner_given", "tags_given"]),
        ("braze", ["price_money_eur_locale", "items_if_item_new", "price_money_usd_locale"], ["owner_given", "tags_given"]),
        ("handlebars", ["price_money_eur_locale", "items_if_item_new", "price_money_usd_locale"], ["owner_given", "tags_given"]),
        ("hubl", ["price_money_eur_locale", "items_html"], ["name_given", "owner_given"]),
    ],
)  # fmt: skip
def test_what_is_computed_beforehand_and_what_is_a_flag_are_named(target, computed, flags):
    export = exported(SOURCE, to=target)

    assert [one.name for one in export.precomputed] == computed
    assert [one.name for one in export.flags] == flags


def test_a_person_is_handed_over_as_the_template_reads_them():
    assert Handover(exported(SOURCE, to="braze")).values(NORMAL) == Handed(
        {
            "name": "Ada",
            "price_money_eur_locale": "€\xa01.234,50",
            "owner_given": True,
            "age": 36,
            "items_if_item_new": [
                {"name": "Tea", "price_money_usd_locale": "$\xa012,50", "tags_given": True},
                {"name": "Pot", "price_money_usd_locale": "$\xa012,50", "tags_given": False},
            ],
        }
    )


def test_what_is_null_is_handed_over_empty():
    assert [Handover(exported(SOURCE, to=target)).values(NULL).values for target in ("ampscript", "handlebars")] == [
        {"name": "", "price_money_eur_locale": "", "owner_given": "false", "age": None, "items_if_item_new": "[]"},
        {"name": "", "price_money_eur_locale": "", "owner_given": False, "age": None, "items_if_item_new": []},
    ]


@pytest.mark.parametrize("target", list(DIALECTS))
def test_values_that_are_code_are_held_back_from_hubspot_alone(target):
    fault = Handover(exported("{{ name }}", to=target)).values(CODE).fault

    assert fault == ("name holds what HubSpot would run as code" if target == "hubl" else None)


def test_a_number_that_json_does_not_keep_is_held_back():
    handover = Handover(exported("{% for item in items %}{{ item.quantity }}{% endfor %}{{ visits }}", to="braze"))

    assert (
        handover.values(NORMAL | {"visits": 2**53}).fault == "visits is a whole number that JSON does not keep exactly"
    )
    assert handover.values(NORMAL | {"visits": 2**53 - 1}).fault is None


@pytest.mark.parametrize(
    ("target", "source"),
    [
        ("ampscript", '%%[ VAR @name, @city_is_wien SET @name = AttributeValue("name") SET @city_is_wien = AttributeValue("city_is_wien") ]%%%%[ IF (NOT Empty(@name)) AND (NOT (@city_is_wien == "true")) THEN ]%%Hi%%[ ENDIF ]%%'),
        ("braze", "{% assign name = api_trigger_properties.${name} | default: '' %}{% assign city_is_wien = api_trigger_properties.${city_is_wien} %}{% if name != '' and city_is_wien != true %}Hi{% endif %}"),
        ("hubl", "{% if contact.name_given == 'true' and not (contact.city == 'Wien') %}Hi{% endif %}"),
        ("handlebars", "{{#if name_and_not_city_is_wien}}Hi{{/if}}"),
    ],
)  # fmt: skip
def test_a_condition_is_written_so_that_all_languages_agree_on_it(target, source):
    assert exported("{% if name and not city == 'Wien' %}Hi{% endif %}", to=target).source == source


@pytest.mark.parametrize(
    ("target", "source"),
    [
        ("ampscript", '%%[ VAR @name SET @name = AttributeValue("name") ]%%%%=Replace(Replace(Replace(Replace(Replace(@name, "&", "&amp;"), "<", "&lt;"), ">", "&gt;"), """", "&#34;"), "\'", "&#39;")=%%'),
        ("braze", "{% assign name = api_trigger_properties.${name} | default: '' %}{{ name | escape | replace: '&quot;', '&#34;' }}"),
        ("hubl", "{{ contact.name|escape|replace('&quot;', '&#34;') }}"),
        ("handlebars", "{{name}}"),
    ],
)  # fmt: skip
def test_html_escapes_every_value(target, source):
    assert exported("{{ name }}", to=target).source == source


def test_what_reads_alike_but_is_not_the_same_has_names_of_its_own():
    export = exported("{% if name in 'a-b' %}x{% endif %}{% if name in 'a b' %}y{% endif %}{{ (vip, 1) }}", to="braze")

    assert [(one.name, one.stands_for) for one in export.attributes] == [
        ("name_in_a_b", "name in 'a-b'"),
        ("name_in_a_b_6e0fa0d3", "name in 'a b'"),
        ("vip_1", "[vip, 1]"),
    ]


def test_parts_of_a_campaign_share_their_attributes_and_each_reads_its_own():
    plans = {
        part: plan_of(source, name=part, schema=TYPES, autoescape=part == "html", partials={})
        for part, source in {"subject": "{{ name }} {{ age + 1 }}", "html": "{{ age + 1 }} {{ city }}"}.items()
    }

    exports = export_parts(plans, to="ampscript", schema=SCHEMA)

    assert [one.name for one in exports["html"].attributes] == ["name", "age_plus_1", "city"]
    assert exports["html"].source.startswith("%%[ VAR @age_plus_1, @city SET ")
