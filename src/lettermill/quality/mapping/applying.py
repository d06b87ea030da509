"""Mappings over rows of raw payloads: each source's rows by its own mapping, each payload parsed once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.mapping.expressions import Scope, structure, value
from lettermill.quality.mapping.language import TEXT, PayloadMapping
from lettermill.quality.mapping.shape import MALFORMED, Node, shape_of
from lettermill.quality.mapping.targets import TARGETS

OPTIONS = {"columnNameOfCorruptRecord": MALFORMED, "mode": "PERMISSIVE"}
UNPARSED = "_unparsed"
BESIDE = "_beside"
NESTED = "properties."


@dataclass(frozen=True)
class Mappings:
    """The mapping of each source of one kind, and the one for rows whose source is no longer declared."""

    by_source: Mapping[str, PayloadMapping]
    otherwise: PayloadMapping


@dataclass(frozen=True)
class _Reading:
    """One mapping at work: the columns its payloads are parsed into, and which rows it reads (None: all)."""

    mapping: PayloadMapping
    shape: Node
    payload: str
    is_its: Column | None

    @property
    def scope(self) -> Scope:
        instead = {one.at: F.col(f"{self.payload}_{place}") for place, one in enumerate(self.mapping.embedded)}
        return Scope(self.shape, F.col(self.payload), instead)

    def only_its(self, column: Column) -> Column:
        return column if self.is_its is None else F.when(self.is_its, column)


def mapped(rows: DataFrame, mappings: Mappings, *, beside: str | None = None) -> DataFrame:
    """Add the struct `read` to rows with `source` and `raw`: the target's fields (those of `properties` below it),
    `_unparsed`, whether the payload was no object, and `_malformed`, what the parser complained of.

    All sources of `mappings` hold the same. Fields that a payload lacks, or has in another form, are null. `beside`
    names a member of payloads that is read as text whatever their mapping says: it is the field `_beside`.
    """
    readings = _readings(mappings, beside)
    parsed = rows
    for reading in readings:
        ddl = f"{reading.shape.ddl.removesuffix('>')}, {MALFORMED}: string>"
        payload = F.from_json("raw", ddl, OPTIONS)
        parsed = parsed.withColumn(reading.payload, reading.only_its(payload))
        for place, embedded in enumerate(reading.mapping.embedded):
            text, _ = reading.scope.at(embedded.text)
            inner = F.decode(F.try_to_binary(text, F.lit("base64")), "UTF-8") if embedded.is_base64 else text
            ddl = reading.shape.children[embedded.at].ddl
            parsed = parsed.withColumn(f"{reading.payload}_{place}", reading.only_its(F.from_json(inner, ddl)))
    return parsed.select(*(F.col(name) for name in rows.columns), _read(readings, beside).alias("read"))


def _readings(mappings: Mappings, beside: str | None) -> list[_Reading]:
    """Readings of the mappings in use; the last one takes every row that no other does."""
    sources: dict[str, list[str]] = {}
    used = {mapping.name: mapping for mapping in (*mappings.by_source.values(), mappings.otherwise)}
    for source, mapping in mappings.by_source.items():
        if mapping.name != mappings.otherwise.name:
            sources.setdefault(mapping.name, []).append(source)
    special = [
        _Reading(used[name], shape_of(used[name], beside=beside), f"_payload_{place}", F.col("source").isin(*of))
        for place, (name, of) in enumerate(sources.items())
    ]
    elsewhere = [source for of in sources.values() for source in of]
    rest = ~F.col("source").isin(*elsewhere) if elsewhere else None
    return [*special, _Reading(mappings.otherwise, shape_of(mappings.otherwise, beside=beside), "_payload_rest", rest)]


def _read(readings: Sequence[_Reading], beside: str | None) -> Column:
    types = TARGETS[readings[0].mapping.holds].fields
    plain = {name: type_ for name, type_ in types.items() if "." not in name}
    nested = {name.removeprefix(NESTED): type_ for name, type_ in types.items() if name.startswith(NESTED)}
    columns = [
        _chosen([(one, _filled(one, name, type_)) for one in readings]).alias(name) for name, type_ in plain.items()
    ]
    if nested:
        columns.append(_chosen([(one, _nested(one, nested)) for one in readings]).alias("properties"))
    if beside is not None:
        columns.append(_chosen([(one, _text_beside(one, beside)) for one in readings]).alias(BESIDE))
    payloads = [(one, F.col(one.payload)) for one in readings]
    columns.append(_chosen([(one, payload.isNull()) for one, payload in payloads]).alias(UNPARSED))
    columns.append(_chosen([(one, payload.getField(MALFORMED)) for one, payload in payloads]).alias(MALFORMED))
    return F.struct(*columns)


def _filled(reading: _Reading, name: str, type_: str) -> Column:
    expression = reading.mapping.fields.get(name)
    return F.lit(None).cast(type_) if expression is None else value(expression, need=type_, scope=reading.scope)


def _text_beside(reading: _Reading, name: str) -> Column:
    node = reading.shape.children.get(name)
    if node is None or node.is_branch or node.element is not None or node.leaf != TEXT:
        return F.get_json_object("raw", f"$.{name}")  # the mapping reads it as something else
    return F.col(reading.payload).getField(name)


def _nested(reading: _Reading, types: Mapping[str, str]) -> Column:
    fields = {name.removeprefix(NESTED): one for name, one in reading.mapping.fields.items() if name.startswith(NESTED)}
    return structure(fields, types, reading.scope)


def _chosen(alternatives: Sequence[tuple[_Reading, Column]]) -> Column:
    """Each row's column by its source; the last reading takes the rest."""
    *special, (_, rest) = alternatives
    chosen = None
    for reading, column in special:
        assert reading.is_its is not None  # only the last one may take all
        chosen = F.when(reading.is_its, column) if chosen is None else chosen.when(reading.is_its, column)
    return rest if chosen is None else chosen.otherwise(rest)
