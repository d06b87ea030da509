"""Check functions in the words of Databricks' DQX: each gives the condition under which a row fails.

A null passes, as in DQX, unless the function's name says otherwise; `sql_expression` alone is stricter: a condition
that a null leaves undecided is not met, or nulls would slip through. `column` is a column or an SQL expression.
The names and arguments are documented at https://databrickslabs.github.io/dqx/docs/reference/quality_checks/
"""

from collections.abc import Callable, Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

Scalar = str | int | float | bool

# What the suite takes as an address; the local part and labels of RFC 5321 without quoted strings and literals.
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
# Of labels with dashes third and fourth only those of IDNA; RFC 3492 ends them on a letter, and no character that
# IDNA allows takes fewer than three.
_LABEL = r"(?!(?!xn)[a-z0-9-]{2}--|xn--([a-z0-9-]{0,2}|[a-z0-9-]*[0-9])\.)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
ADDRESS = rf"^{_ATOM}(\.{_ATOM})*@({_LABEL}\.)+[a-z]{{2,63}}\z"  # `$` would let a line break through
LONGEST_ADDRESS, LONGEST_LOCAL_PART = 254, 64


def is_not_null(column: str) -> Column:
    return F.expr(column).isNull()


def is_not_empty(column: str, trim_strings: bool = False) -> Column:
    return _text(column, trim_strings) == ""


def is_not_null_and_not_empty(column: str, trim_strings: bool = False) -> Column:
    return F.coalesce(_text(column, trim_strings), F.lit("")) == ""


def is_not_null_and_not_empty_array(column: str) -> Column:
    return F.coalesce(F.size(F.expr(column)), F.lit(0)) <= 0


def is_in_list(column: str, allowed: list[Scalar], case_sensitive: bool = True) -> Column:
    return ~_isin(column, allowed, case_sensitive)


def is_not_null_and_is_in_list(column: str, allowed: list[Scalar], case_sensitive: bool = True) -> Column:
    return ~F.coalesce(_isin(column, allowed, case_sensitive), F.lit(False))


def is_not_in_list(column: str, forbidden: list[Scalar], case_sensitive: bool = True) -> Column:
    return _isin(column, forbidden, case_sensitive)


def is_in_range(column: str, min_limit: Scalar, max_limit: Scalar) -> Column:
    return ~F.expr(column).between(min_limit, max_limit)


def is_not_in_range(column: str, min_limit: Scalar, max_limit: Scalar) -> Column:
    return F.expr(column).between(min_limit, max_limit)


def is_equal_to(column: str, value: Scalar) -> Column:
    return F.expr(column) != F.lit(value)


def is_not_equal_to(column: str, value: Scalar) -> Column:
    return F.expr(column) == F.lit(value)


def is_not_less_than(column: str, limit: Scalar) -> Column:
    return F.expr(column) < F.lit(limit)


def is_not_greater_than(column: str, limit: Scalar) -> Column:
    return F.expr(column) > F.lit(limit)


def regex_match(column: str, regex: str, negate: bool = False) -> Column:
    matches = F.expr(column).rlike(regex)
    return matches if negate else ~matches


def is_valid_date(column: str, date_format: str | None = None) -> Column:
    return _unread(column, F.to_date, date_format)


def is_valid_timestamp(column: str, timestamp_format: str | None = None) -> Column:
    return _unread(column, F.to_timestamp, timestamp_format)


def is_not_in_future(column: str, curr_timestamp: str, offset: int = 0) -> Column:
    """`curr_timestamp` must be named, a column such as received_at: checks look at no clock. `offset` in seconds."""
    return F.expr(column) > F.timestamp_micros(F.unix_micros(F.expr(curr_timestamp)) + offset * 1_000_000)


def is_older_than_col2_for_n_days(column1: str, column2: str, days: int = 0) -> Column:
    return F.to_date(F.expr(column1)) >= F.date_sub(F.to_date(F.expr(column2)), days)


def is_valid_email(column: str) -> Column:
    """By our own syntax, which is narrower than RFC 5322: no quoted local parts, comments or address literals."""
    return ~is_address(F.lower(F.expr(column)))


def fits_country(column: str, country: str, patterns: dict[str, str]) -> Column:
    """Ours, not DQX's: whether a postcode has the form of its country. Countries without a pattern pass."""
    whole = {code: rf"^({pattern})\z" for code, pattern in patterns.items()}
    expected = F.create_map(*(F.lit(word) for pair in whole.items() for word in pair))
    return ~F.regexp_like(F.upper(F.trim(F.expr(column))), expected[F.upper(F.expr(country))])


def sql_expression(expression: str, negate: bool = False) -> Column:
    """Trusted text of conf; never build it from data."""
    met = F.expr(expression)
    return F.coalesce(met, F.lit(True)) if negate else ~F.coalesce(met, F.lit(False))


ROW_CHECKS: Mapping[str, Callable[..., Column]] = {
    check.__name__: check
    for check in (
        is_not_null, is_not_empty, is_not_null_and_not_empty, is_not_null_and_not_empty_array, is_in_list,
        is_not_null_and_is_in_list, is_not_in_list, is_in_range, is_not_in_range, is_equal_to, is_not_equal_to,
        is_not_less_than, is_not_greater_than, regex_match, is_valid_date, is_valid_timestamp, is_not_in_future,
        is_older_than_col2_for_n_days, is_valid_email, fits_country, sql_expression,
    )
}  # fmt: skip
"""Check functions by name; each looks at one row."""


def is_address(text: Column) -> Column:
    """Whether lower-case text is an address as the suite takes them."""
    local_part = F.length(F.substring_index(text, "@", 1))
    return text.rlike(ADDRESS) & (F.length(text) <= LONGEST_ADDRESS) & (local_part <= LONGEST_LOCAL_PART)


def address_in(column: str) -> Column:
    """A text as an address is stored: without blanks around it, in lower case, and null where it is none."""
    address = F.lower(F.trim(column))
    return F.when(is_address(address), address)


def _unread(column: str, read: Callable[[Column], Column], pattern: str | None) -> Column:
    """Whether text is no instant. With a pattern by the trying reader: the other raises where Spark 2 guessed."""
    text = F.expr(column)
    return text.isNotNull() & (F.try_to_timestamp(text, F.lit(pattern)) if pattern else read(text)).isNull()


def _text(column: str, trim_strings: bool) -> Column:
    text = F.expr(column).cast("string")
    return F.trim(text) if trim_strings else text


def _isin(column: str, values: list[Scalar], case_sensitive: bool) -> Column:
    if case_sensitive:
        return F.expr(column).isin(*values)
    return F.lower(F.expr(column)).isin(*(str(value).lower() for value in values))
