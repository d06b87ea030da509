"""The only door to YAML: `conf/base.yml` and what stands beside it under an environment's differences, as one tree."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import reduce
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml
from pydantic import ConfigDict, ValidationError, create_model

from lettermill.campaigns.definition import Campaign
from lettermill.errors import ConfigError
from lettermill.gateway_settings import GatewaySettings
from lettermill.ingest.sources import Source
from lettermill.profiles.consent_rules import ConsentRules
from lettermill.profiles.policy import ConflictPolicy, ProfilesPolicy
from lettermill.quality.definition import Quality
from lettermill.quality.mapping.applying import Mappings
from lettermill.quality.mapping.identifying import RowReader
from lettermill.quality.mapping.targets import Holds
from lettermill.rendering.content_blocks import LIBRARY, Block, unmet
from lettermill.settings_sections import (
    AlertsSettings,
    CampaignsSettings,
    DeliverySettings,
    ErasureSettings,
    FilesSettings,
    LakeSettings,
    MlflowSettings,
    ModelsSettings,
    SecretsSettings,
    SparkSettings,
    SyncSettings,
)
from lettermill.source_map import identify_mapping, mappings_of, require_sense, row_reader

STRICT = ConfigDict(extra="forbid", frozen=True)
PACKAGED = files("lettermill") / "conf"  # no plain path where Spark imports the wheel as it is, zipped
SHARED = ("base", "sources", "profiles")
"""Files of conf that every environment stands on; but for base.yml, the packaged one serves where conf has none."""


@dataclass(frozen=True)
class Settings:
    """Everything a job can be told, with one place for each thing."""

    lake: LakeSettings
    landing: Path
    sources: Mapping[str, Source]
    mappings: Mapping[str, Mapping[str, Any]]
    mlflow: MlflowSettings
    campaigns: CampaignsSettings
    files: FilesSettings
    secrets: SecretsSettings
    gateway: GatewaySettings
    spark: SparkSettings = field(default_factory=SparkSettings)
    models: ModelsSettings = field(default_factory=ModelsSettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    alerts: AlertsSettings = field(default_factory=AlertsSettings)
    profiles: ProfilesPolicy = field(default_factory=ProfilesPolicy)
    consents: ConsentRules = field(default_factory=ConsentRules)
    erasure: ErasureSettings = field(default_factory=ErasureSettings)
    sync: SyncSettings = field(default_factory=SyncSettings)
    quality: Quality = field(default_factory=Quality)

    @property
    def conflicts(self) -> ConflictPolicy:
        """How attributes are decided; trust in a source is the source map's, unless profiles.yml says another."""
        trust = {name: source.trust for name, source in self.sources.items()} | {**self.profiles.conflicts.trust}
        return replace(self.profiles.conflicts, trust=trust)

    @property
    def derived_files(self) -> tuple[Path, ...]:
        """Folders and files made from the tables, which an erasure looks through and whose makers write them anew."""
        snapshot = self.gateway.graphql.people
        return (*self.erasure.derived, *([snapshot] if snapshot else []))

    @property
    def sources_without_basis(self) -> list[str]:
        """Sources whose people may be counted and nothing more."""
        return [name for name, source in self.sources.items() if source.consent_basis == "none"]

    def mappings_of(self, holds: Holds) -> Mappings:
        """How the payloads of all sources that hold `holds` are read."""
        return mappings_of(self.sources, self.mappings, holds=holds)

    @property
    def identify_mapping(self) -> Mappings:
        """How `identify` events are read as records of people."""
        return identify_mapping(self.mappings)

    @property
    def row_reader(self) -> RowReader:
        """What finds the identifiers that raw rows name, by what their sources declare."""
        return row_reader(self.sources, self.mappings, region=self.profiles.identity.phone_region)


def load(environment: str, *, conf: Traversable = PACKAGED) -> Settings:
    """Read the files SHARED and `<environment>.yml` of `conf`, each laid over those before.

    Raises ConfigError naming the file, key and a fix.
    """
    names = (entry.name for entry in conf.iterdir()) if conf.is_dir() else ()
    known = sorted({name.removesuffix(".yml") for name in names if name.endswith(".yml")} - {*SHARED, "quality"})
    if environment not in known:
        raise ConfigError(
            f"unknown environment {environment!r}",
            place=str(conf),
            mend=f"use one of: {', '.join(known) or 'none found'}",
        )
    shared = [_layer(name, conf=conf) for name in SHARED]
    mapping_files = _mapping_files(PACKAGED) | _mapping_files(conf)
    mappings = {"mappings": {name: read_yaml(file) for name, file in mapping_files.items()}}
    layers = [*shared, mappings, read_yaml(conf / f"{environment}.yml")]
    place = f"{conf}/{' + '.join(SHARED)} + {environment}.yml"
    settings: Settings = validate(Settings, reduce(_overlay, layers), place=place)
    places = {name: f"{mapping_files.get(name, place)}" for name in settings.mappings}
    require_sense(settings.sources, settings.mappings, places=places)
    return replace(settings, quality=load_quality(conf=conf))


def load_quality(*, conf: Traversable = PACKAGED) -> Quality:
    """Read `quality.yml` of `conf`, or the packaged one where `conf` has none. Raises ConfigError with a suggestion."""
    own = conf / "quality.yml"
    file = own if own.is_file() else PACKAGED / "quality.yml"
    quality: Quality = validate(Quality, read_yaml(file), place=str(file))
    return quality


def _mapping_files(conf: Traversable) -> dict[str, Traversable]:
    """The files of `conf/mappings` by name. Those that come with the suite stand below a folder's own."""
    folder = conf / "mappings"
    entries = folder.iterdir() if folder.is_dir() else ()
    return {entry.name.removesuffix(".yml"): entry for entry in entries if entry.name.endswith(".yml")}


def _layer(name: str, *, conf: Traversable) -> dict[str, Any]:
    own = conf / f"{name}.yml"
    return read_yaml(own if name == "base" or own.is_file() else PACKAGED / own.name)


def load_campaign(name: str, *, folder: Path) -> Campaign:
    """Read `<folder>/<name>/campaign.yml`. Raises ConfigError with the path and a suggestion; also where a slot names a
    block that the library does not have, or one that reads what the campaign does not declare."""
    file = folder / name / "campaign.yml"
    if not file.is_file():
        present = sorted(path.parent.name for path in folder.glob("*/campaign.yml"))
        nearest = difflib.get_close_matches(name, present, n=1)
        raise ConfigError(
            f"no campaign {name!r}",
            place=str(file),
            mend=f"did you mean {nearest[0]!r}?" if nearest else f"campaigns here: {', '.join(present) or 'none'}",
        )
    campaign: Campaign = validate(Campaign, read_yaml(file) | {"name": name}, place=str(file))
    faults = list(_slot_faults(campaign, folder)) if campaign.slots else []
    if faults:
        raise ConfigError("; ".join(faults), place=str(file), mend="`lettermill blocks list` shows the library")
    return campaign


def load_blocks(*, folder: Path) -> dict[str, Block]:
    """Read the library of content blocks, `<folder>/_blocks/<name>/block.yml`, by name. Raises ConfigError."""
    files = sorted((folder / LIBRARY).glob("*/block.yml"))
    return {file.parent.name: load_block(file.parent.name, folder=folder) for file in files}


def load_block(name: str, *, folder: Path) -> Block:
    """Read `<folder>/_blocks/<name>/block.yml`. Raises ConfigError with the path and a suggestion."""
    file = folder / LIBRARY / name / "block.yml"
    if not file.is_file():
        raise ConfigError(f"no block {_nearest(name, folder)}", place=str(file), mend="write it, or name another block")
    block: Block = validate(Block, read_yaml(file) | {"name": name}, place=str(file))
    return block


def _slot_faults(campaign: Campaign, folder: Path) -> Iterator[str]:
    for slot, declared in campaign.slots.items():
        for name in declared.shown:
            if not (folder / LIBRARY / name / "block.yml").is_file():
                yield f"slots.{slot}: the library has no block {_nearest(name, folder)}"
                continue
            for words in unmet(load_block(name, folder=folder), campaign.inputs):
                yield f"slots.{slot}: {words}"


def _nearest(name: str, folder: Path) -> str:
    near = difflib.get_close_matches(name, (file.parent.name for file in (folder / LIBRARY).glob("*/block.yml")), n=1)
    return repr(name) + (f", did you mean {near[0]!r}?" if near else "")


def read_yaml(file: Traversable) -> dict[str, Any]:
    """Read a mapping from a YAML file; a file that is absent or no mapping is a ConfigError."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            "the file does not exist", place=str(file), mend="create it, or point --conf elsewhere"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"not UTF-8 at byte {error.start}", place=str(file), mend="save the file as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else str(file)
        raise ConfigError(
            f"not YAML: {getattr(error, 'problem', error)}", place=where, mend="check indentation and quotes"
        ) from None
    if not isinstance(content, dict):
        raise ConfigError("the file is no mapping of keys to values", place=str(file), mend="write `key: value` lines")
    return content


def validate(kind: Any, content: Mapping[str, Any], *, place: str) -> Any:
    """Build `kind` from plain values; every fault is named by its path, an unknown key with the nearest known one."""
    document = create_model("document", __config__=STRICT, root=(kind, ...))
    try:
        return document.model_validate({"root": content}).root  # type: ignore[attr-defined]
    except ValidationError as error:
        faults = [_fault(fault, known=sorted(_keys(kind))) for fault in error.errors()]
        raise ConfigError("; ".join(faults), place=place, mend="correct the named keys") from None


def _fault(fault: Any, *, known: list[str]) -> str:
    path = ".".join(str(step) for step in fault["loc"][1:])
    if fault["type"] != "unexpected_keyword_argument":
        value = "" if fault["type"] == "missing" else f" (is {fault['input']!r:.60})"
        return f"{path}: {fault['msg']}{value}"
    nearest = difflib.get_close_matches(str(fault["loc"][-1]), known, n=1)
    return f"{path}: unknown key" + (f", did you mean {nearest[0]!r}?" if nearest else "")


def _keys(kind: Any) -> set[str]:
    """Every key that may stand somewhere below `kind`."""
    if is_dataclass(kind):
        nested = (_keys(of) for of in get_type_hints(kind).values())
        return {one.metadata.get("alias", one.name) for one in fields(kind)}.union(*nested)
    return set().union(*(_keys(of) for of in get_args(kind)))


def _overlay(base: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `above` over `base`, mapping by mapping."""
    merged = dict(base)
    for key, value in above.items():
        below = merged.get(key)
        merged[key] = _overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
