"""Countries as people and CRMs write them, by ISO code or English name: what the wording `country` exchanges."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from unicodedata import combining, normalize

from babel import Locale
from babel.core import get_global

OF_CLDR_ALONE = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])
"""Territories that CLDR has and ISO 3166-1 has not; XK (Kosovo) stays, which everybody uses."""
OTHER_NAMES = {
    "czech republic": "CZ",
    "great britain": "GB",
    "holland": "NL",
    "korea republic of": "KR",
    "republic of korea": "KR",
    "russian federation": "RU",
    "swaziland": "SZ",
    "the netherlands": "NL",
    "turkey": "TR",
    "united states of america": "US",
    "viet nam": "VN",
}  # fmt: skip
"""English names in everyday use, or ISO's own, that CLDR does not give."""


def _names() -> dict[str, str]:
    named = Locale("en").territories
    return {
        code: name for code, name in named.items() if len(code) == 2 and code.isalpha() and code not in OF_CLDR_ALONE
    }


CODES = tuple(sorted(_names()))
"""ISO 3166-1 alpha-2."""


@cache
def country_words() -> Mapping[str, str]:
    """Every word that means a country, as `folded` writes it -> its alpha-2 code: codes of two letters and of three,
    and English names, with and without their accents."""
    retired = {old for old in get_global("territory_aliases") if len(old) == 2} - {"UK"}
    aliases = {
        folded(word): codes[0]
        for word, codes in get_global("territory_aliases").items()
        if word.isalpha() and word not in retired and len(codes) == 1 and codes[0] in CODES
    }
    spelt = {folded(spelling): code for code, name in _names().items() for spelling in _spellings(name)}
    return {**aliases, **spelt, **OTHER_NAMES, **{code.lower(): code for code in CODES}}


def folded(text: str) -> str:
    """Lower case, no dots, `&` as `and`, one blank for whatever stands between letters: as columns are folded."""
    return re.sub(r"[\W\d_]+", " ", text.lower().replace(".", "").replace("&", " and ")).strip()


def _spellings(name: str) -> Iterator[str]:
    names = [name, *re.findall(r"[^()]+", name), name.replace("St.", "Saint"), name.removesuffix(" SAR China")]
    for one in names:
        yield one
        yield "".join(letter for letter in normalize("NFD", one) if not combining(letter))
