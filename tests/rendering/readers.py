"""Invented readers all over the world: inputs for the shipped campaigns, and for one that is hard on dates and numbers."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from lettermill.rendering.declared import arrow_type

LOCALES = (
    *("de_AT", "en_US", "ja_JP", "ar_EG", "hi_IN", "fr_FR", "tr_TR", "pt_BR", "sv_SE", "de_CH", "fa_IR", "th_TH"),
    *("he_IL", "ru_RU", "en_IN", "es_MX"),
)
ZONES = (
    *("UTC", "Europe/Vienna", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu", "Australia/Lord_Howe"),
    *("America/St_Johns", "Africa/Casablanca"),
)
WORDS = {
    "first_name": ("Ana", "İpek", "Zoë", "<b>Bo</b>", "ليلى", "太郎", "O'Neil & Sons", "", "🦊 Fox"),
    "segment": ("new", "lapsing", "loyal"),
    "hero": ("hero_welcome", "hero_lapsing", "hero_loyal"),
    "currency": ("EUR", "USD", "JPY", "KWD", "CHF"),
    "locale": LOCALES,
    "timezone": ZONES,
    "tags": ("tea", "Tee", "ıı", "İ", "a,b", "&amp;", "z", "Ä"),
    "source": ("personal", "als", "popular"),
}
ABSENT = {"first_name", "coupon", "favourite_category", "last_order_on", "days_since_order", "brand", "list_price"}
"""Inputs and fields that a reader may be without."""
ALMANAC = {
    "campaign.yml": """
description: Everything that another machine could write otherwise
audience: "true"
experiment: {name: almanac}
parts: {subject: subject.j2, html: body.html.j2}
slate: {size: 1, reason: "''"}
inputs:
  first_name: {type: string, value: first_name, missing: default}
  seen_at: {type: timestamp, value: seen_at}
  born_on: {type: date, value: born_on}
  points: {type: bigint, value: points}
  share: {type: double, value: share}
  amount: {type: "decimal(12,2)", value: amount}
  currency: {type: string, value: currency}
  tags: {type: array<string>, value: tags}
  locale: {type: string, value: message_locale}
  timezone: {type: string, value: message_timezone}
""",
    "subject.j2": "{{ first_name or 'Friend' }}, {{ seen_at | datetime('medium', locale, timezone) }}",
    "body.html.j2": """<h1>{{ (first_name or 'Friend') | upper }} {{ first_name or 'Friend' }}</h1>
<p>{{ seen_at | datetime('full', locale, timezone) }}, {{ seen_at | date('full', locale, timezone) }}</p>
<p>{{ born_on | date('long', locale) }} {{ born_on | date('EEEE, w', locale) }}</p>
<p>{{ amount | money(currency, locale) }} {{ share }} {{ share | round(3) }} {{ share | percent(locale) }}</p>
<p>{{ points | number(locale) }} {{ points | plural(locale, zero='none', one='one', two='two', few='few', many='many', other='other') }}</p>
{% for tag in tags | unique | sort %}<b>{{ tag | lower }}</b>{% else %}<i>none</i>{% endfor %}
<p>{{ tags | join(', ') }}</p>
""",
}


def write_almanac(folder):
    """Write the campaign `almanac` below a folder of campaigns."""
    home = Path(folder) / "almanac"
    home.mkdir(parents=True)
    for name, content in ALMANAC.items():
        (home / name).write_text(content, encoding="utf-8")


def reader(campaign, number):
    """The inputs of one invented reader of a campaign, the same for a number for ever."""
    chance = random.Random(f"{campaign.name}/{number}")
    return {name: _value(arrow_type(one.type), name, chance) for name, one in campaign.inputs.items()}


def _value(type_, name, chance):
    if name in ABSENT and chance.random() < 0.15:
        return None
    if pa.types.is_struct(type_):
        return {field.name: _value(field.type, field.name, chance) for field in type_}
    if pa.types.is_list(type_):
        return [_value(type_.value_type, name, chance) for _ in range(chance.randrange(5))]
    return next(make(type_, name, chance) for fits, make in _SCALARS if fits(type_))


def _text(_type, name, chance):
    if name in WORDS:
        return chance.choice(WORDS[name])
    if name in ("url", "image", "unsubscribe", "preferences", "view_shop"):
        return f"https://shop.example/{name}?n={chance.randrange(10**6)}&x=é"
    return f"{name} {chance.choice(WORDS['tags'])} {chance.randrange(1000)}"


def _decimal(type_, _name, chance):
    return Decimal(chance.randrange(1, 10**7)).scaleb(-type_.scale)


def _moment(_type, _name, chance):
    return datetime(1995, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(40 * 365 * 86_400))


_SCALARS = (
    (pa.types.is_string, _text),
    (pa.types.is_integer, lambda _type, _name, chance: chance.choice((0, 1, 2, 5, 11, 1_234_567, -3))),
    (pa.types.is_floating, lambda _type, _name, chance: chance.uniform(-2, 2) * 10 ** chance.randrange(-8, 18, 5)),
    (pa.types.is_decimal, _decimal),
    (pa.types.is_date, lambda _type, _name, chance: date(1950, 1, 1) + timedelta(days=chance.randrange(30_000))),
    (pa.types.is_timestamp, _moment),
)
