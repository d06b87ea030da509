"""Inputs given by hand as JSON, made what the campaign declares."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

import pyarrow as pa

from lettermill.errors import ConfigError
from lettermill.rendering.declared import arrow_type

Wrong = Callable[[str, str], None]
"""Notes a fault: the path in the document, and what is wrong there."""


class Declared(Protocol):
    """A declared input: Spark DDL, and what to do when it is missing."""

    @property
    def type(self) -> str: ...

    @property
    def missing(self) -> str: ...

    @property
    def default(self) -> Any: ...


def given_inputs(
    document: object, *, declared: Mapping[str, Any], general: Mapping[str, Any], place: str
) -> dict[str, Any]:
    """The inputs of one message from a JSON document (numbers read as Decimal), as a template may read them.

    What the document leaves out is taken from `general`, else as the campaign says of a missing value: its default,
    or undefined for `skip_block`. Raises ConfigError with every fault: an unknown key with the nearest declared one, a
    wrong type by its path, an input that must be there and is not.
    """
    faults: list[str] = []

    def wrong(path: str, problem: str) -> None:
        faults.append(f"{path}: {problem}" if path else problem)

    inputs: dict[str, Any] = {}
    if isinstance(document, dict):
        _refuse_unknown(document, declared, "", wrong)
        for name, one in declared.items():
            value = document.get(name, general.get(name))
            read = coerced(value, arrow_type(one.type), name, wrong)
            if read is None and one.missing == "default":
                read = coerced(_decimal(one.default), arrow_type(one.type), name, wrong)
            if value is None and one.missing in ("fail", "skip_person"):
                wrong(name, f"is missing, and the campaign says missing: {one.missing}")
            if read is not None or one.missing != "skip_block":
                inputs[name] = read
    else:
        wrong("", f"the document is {_told(document)}; write an object, input -> value")
    if faults:
        raise ConfigError("; ".join(faults), place=place, mend="correct the named inputs")
    return inputs


def coerced(value: Any, type_: pa.DataType, path: str, wrong: Wrong) -> Any:
    """`value` out of JSON as a value of `type_`; null stays null. What does not fit is noted and null."""
    if value is None:
        return None
    for fits, read in READERS:
        if fits(type_):
            try:
                return read(Spot(type_, path, wrong), value)
            except _UnfitError as unfit:
                wrong(path, str(unfit))
                return None
    wrong(path, f"a value of type {type_} cannot be given as JSON")
    return None


@dataclass(frozen=True)
class Spot:
    """Where a value stands, and as what it is wanted."""

    type: pa.DataType
    path: str
    wrong: Wrong


class _UnfitError(Exception):
    """The value cannot be of the type; says what it is and what it should be."""


def _expect(value: Any, kinds: type | tuple[type, ...], words: str) -> None:
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
        raise _UnfitError(f"is {_told(value)}, should be {words}")


def _told(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "the text", bool: "", type(None): "null"}
    kind = names.get(type(value), "the number")
    if isinstance(value, dict | list) or value is None:
        return kind
    told = str(value).lower() if isinstance(value, bool) else f"{value!r:.40}" if isinstance(value, str) else str(value)
    return f"{kind} {told}".strip()


def _text(spot: Spot, value: Any) -> str:  # noqa: ARG001 (all readers are called alike)
    _expect(value, str, "a text")
    return str(value)


def _truth(spot: Spot, value: Any) -> bool:  # noqa: ARG001
    _expect(value, bool, "true or false")
    return bool(value)


def _whole(spot: Spot, value: Any) -> int:
    _expect(value, (int, Decimal), "a whole number")
    if value != int(value):
        raise _UnfitError(f"is {_told(value)}, should be a whole number")
    try:
        pa.scalar(int(value), spot.type)
    except (pa.ArrowInvalid, OverflowError):
        raise _UnfitError(f"is {_told(value)}, which is too large for {spot.type}") from None
    return int(value)


def _float(spot: Spot, value: Any) -> float:  # noqa: ARG001
    _expect(value, (int, Decimal), "a number")
    return float(value)


def _exact(spot: Spot, value: Any) -> Decimal:
    _expect(value, (int, Decimal, str), "a number")
    words = f"a number with at most {spot.type.scale} decimals"
    try:
        number = Decimal(value)
        exact = number.quantize(Decimal(1).scaleb(-spot.type.scale))
    except InvalidOperation:
        raise _UnfitError(f"is {_told(value)}, should be {words}") from None
    if exact != number or len(exact.as_tuple().digits) > spot.type.precision:
        raise _UnfitError(f"is {_told(value)}, should be {words} and {spot.type.precision} digits in all")
    return exact


def _day(spot: Spot, value: Any) -> date:  # noqa: ARG001
    _expect(value, str, "a day such as 2018-01-31")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _UnfitError(f"is {_told(value)}, should be a day such as 2018-01-31") from None


def _instant(spot: Spot, value: Any) -> datetime:  # noqa: ARG001
    _expect(value, str, "an instant such as 2018-01-31T06:00:00Z")
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise _UnfitError(f"is {_told(value)}, should be an instant such as 2018-01-31T06:00:00Z") from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _list(spot: Spot, value: Any) -> list[Any]:
    _expect(value, list, "a list")
    return [coerced(one, spot.type.value_type, f"{spot.path}[{n}]", spot.wrong) for n, one in enumerate(value)]


def _struct(spot: Spot, value: Any) -> dict[str, Any]:
    _expect(value, dict, "an object")
    names = [field.name for field in spot.type]
    _refuse_unknown(value, names, f"{spot.path}.", spot.wrong)
    return {
        field.name: coerced(value.get(field.name), field.type, f"{spot.path}.{field.name}", spot.wrong)
        for field in spot.type
    }


READERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Spot, Any], Any]], ...] = (
    (pa.types.is_string, _text),
    (pa.types.is_boolean, _truth),
    (pa.types.is_integer, _whole),
    (pa.types.is_floating, _float),
    (pa.types.is_decimal, _exact),
    (pa.types.is_date, _day),
    (pa.types.is_timestamp, _instant),
    (pa.types.is_list, _list),
    (pa.types.is_struct, _struct),
)


def _refuse_unknown(given: Mapping[str, Any], known: Iterable[str], before: str, wrong: Wrong) -> None:
    names = list(known)
    for name in given:
        if name not in names:
            nearest = difflib.get_close_matches(name, names, n=1)
            wrong(f"{before}{name}", "is not declared" + (f", did you mean {nearest[0]!r}?" if nearest else ""))


def _decimal(value: Any) -> Any:
    """A default out of YAML with its numbers as JSON has them here."""
    return Decimal(str(value)) if isinstance(value, float) else value
