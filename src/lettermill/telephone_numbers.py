"""Telephone numbers as E.164, whatever way they were written."""

from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat

REMEMBERED = 50_000
"""Reading a number takes a tenth of a millisecond, and rows name the same few again and again."""


@lru_cache(maxsize=REMEMBERED)
def e164(written: str, region: str) -> str | None:
    """The number in E.164, such as `+436601234567`; None where it cannot be dialled.

    `region` is the country (ISO 3166-1 alpha-2) of a number written without one.
    """
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else None


def is_region(country: str | None) -> bool:
    """Whether a country is one in which numbers can be written without it."""
    return country in phonenumbers.SUPPORTED_REGIONS


def international(digits: str, region: str) -> set[str]:
    """What digits may stand for as E.164 has them, without its `+`: as they are, or as `region` writes its own.

    Nothing is checked: it is for looking numbers up, fast.
    """
    code = str(phonenumbers.country_code_for_region(region))
    national = digits.lstrip("0")
    return {digits, digits.removeprefix("00"), code + digits, code + national}
