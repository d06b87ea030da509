"""The source map as a whole: which mapping reads which source, and whether all of them make sense."""

import difflib
from collections.abc import Mapping
from typing import Any, TypedDict

from lettermill.errors import ConfigError
from lettermill.ingest.sources import Source
from lettermill.quality.mapping.applying import Mappings
from lettermill.quality.mapping.identifying import RowReader
from lettermill.quality.mapping.language import PayloadMapping
from lettermill.quality.mapping.reading import mapping_of
from lettermill.quality.mapping.shape import shape_of
from lettermill.quality.mapping.targets import Holds

OURS: Mapping[Holds, str] = {
    "behaviour": "segment",
    "people": "crm",
    "products": "catalogue",
    "demographics": "demographics",
    "social": "social",
}
"""The mapping of a source that names none, by what it holds: payloads in the suite's own words."""

IDENTIFY = "identify"
"""The mapping by which `identify` events, of whatever source, tell of people."""


def mapping_name(source: Source) -> str:
    """The name of the mapping that reads a source."""
    return source.mapping or OURS[source.holds]


def require_sense(sources: Mapping[str, Source], mappings: Mapping[str, Any], *, places: Mapping[str, str]) -> None:
    """Raise ConfigError for a mapping that is wrong in itself, or that a source cannot be read by.

    `places` says where each mapping stands, for the message.
    """
    read = {name: _read(name, content, places.get(name, "")) for name, content in mappings.items()}
    if IDENTIFY in read and read[IDENTIFY].holds != "people":
        problem = f"`holds` is {read[IDENTIFY].holds!r}, but identify events tell of people"
        raise ConfigError(problem, place=places.get(IDENTIFY, ""), mend="write holds: people")
    for name, source in sources.items():
        wanted = mapping_name(source)
        if wanted not in read:
            near = difflib.get_close_matches(wanted, read, n=1)
            mend = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(sorted(read))}"
            raise ConfigError(f"sources.{name}.mapping: no mapping {wanted!r}", place="sources.yml", mend=mend)
        if read[wanted].holds != source.holds:
            raise ConfigError(
                f"sources.{name} holds {source.holds}, but its mapping {wanted!r} gives {read[wanted].holds}",
                place="sources.yml",
                mend="name a mapping that gives the same, or correct `holds`",
            )


def mappings_of(sources: Mapping[str, Source], mappings: Mapping[str, Any], *, holds: Holds) -> Mappings:
    """The mappings of all sources that hold `holds`; rows of a source no longer declared are read as our own."""
    mine = {name: mapping_name(source) for name, source in sources.items() if source.holds == holds}
    read = {name: _read(name, mappings[name], name) for name in {*mine.values(), OURS[holds]}}
    return Mappings({name: read[mapping] for name, mapping in mine.items()}, otherwise=read[OURS[holds]])


def identify_mapping(mappings: Mapping[str, Any]) -> Mappings:
    """How `identify` events in canonical words are read as records of people: the same for all sources."""
    return Mappings({}, otherwise=_read(IDENTIFY, mappings[IDENTIFY], IDENTIFY))


class SocialTerms(TypedDict):
    """What quality.social.judged_engagement asks for of the sources beside their mappings, by source."""

    trust: dict[str, float]
    bases: dict[str, str]


def social_terms(sources: Mapping[str, Source]) -> SocialTerms:
    """How far each source that holds social engagement is believed, and by what right it knows people."""
    social = {name: source for name, source in sources.items() if source.holds == "social"}
    return {
        "trust": {name: source.trust for name, source in social.items()},
        "bases": {name: source.consent_basis for name, source in social.items()},
    }


def row_reader(sources: Mapping[str, Source], mappings: Mapping[str, Any], *, region: str) -> RowReader:
    """What finds the identifiers in raw rows of every source; `region` is the country of phones without one."""
    names = {name: mapping_name(source) for name, source in sources.items()}
    read = {name: _read(name, mappings[name], name) for name in {*names.values()}}
    return RowReader({source: read[mapping] for source, mapping in names.items()}, region)


def _read(name: str, content: Mapping[str, Any], place: str) -> PayloadMapping:
    mapping = mapping_of(name, content, place=place)
    try:
        shape_of(mapping)
    except ConfigError as error:
        raise ConfigError(error.problem, place=place, mend=error.mend) from None
    return mapping
