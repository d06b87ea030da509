"""Numbers as a reader of the report meets them. Every function takes None and says that there is none."""

from datetime import datetime

ABSENT = "n/a"
THIN = "\u202f"  # narrow no-break space between a number and its unit


def count(number: int | None) -> str:
    return ABSENT if number is None else f"{number:,}"


def percent(share: float | None, digits: int = 1) -> str:
    return ABSENT if share is None else f"{share * 100:.{digits}f}{THIN}%"


def decimal(number: float | None, digits: int = 3) -> str:
    return ABSENT if number is None else f"{number:.{digits}f}"


def size(number: int | None) -> str:
    """Bytes in the largest unit that keeps the number at 1 or above; 1 kB is 1,000 bytes."""
    if number is None:
        return ABSENT
    amount, unit = float(number), "B"
    for larger in ("kB", "MB", "GB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f}{THIN}B" if unit == "B" else f"{amount:.1f}{THIN}{unit}"


def seconds(number: float | None) -> str:
    if number is None:
        return ABSENT
    return f"{number:,.0f}{THIN}s" if number >= 100 else f"{number:.1f}{THIN}s"


def day(moment: datetime | str | None) -> str:
    """A day as `1 January 2018`; a string is read as ISO 8601 and kept as it is where it is not."""
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return str(moment)
    return ABSENT if moment is None else f"{moment.day} {moment:%B %Y}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """`1 fault`, `2 faults`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def kind(code: str) -> str:
    """A code of ours in words: `missing_input` -> `missing input`."""
    return code.replace("_", " ")
