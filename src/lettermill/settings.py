"""The only door to YAML: `conf/base.yml` under an environment's differences, as one frozen, typed tree."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

import yaml
from pydantic import ConfigDict, ValidationError, create_model

from lettermill.campaigns.definition import Campaign
from lettermill.errors import ConfigError
from lettermill.gateway_settings import GatewaySettings
from lettermill.ingest.sources import Source
from lettermill.rendering.content_blocks import LIBRARY, Block, unmet

STRICT = ConfigDict(extra="forbid", frozen=True)
PACKAGED = files("lettermill") / "conf"  # no plain path where Spark imports the wheel as it is, zipped


@dataclass(frozen=True)
class LakeSettings:
    """Where tables live: `root` for a folder, or `catalog` for a Unity Catalog."""

    checkpoints: Path
    root: Path | None = None
    catalog: str | None = None

    def __post_init__(self) -> None:
        if (self.root is None) == (self.catalog is None):
            raise ValueError("give either root (a folder) or catalog (a Unity Catalog), not both")


@dataclass(frozen=True)
class SparkSettings:
    """The local session; on a cluster the platform decides."""

    master: str = "local[2]"
    driver_memory: str = "4g"
    java_options: str = "-Xss16m"  # ALS nests deeply
    shuffle_partitions: int = 2
    jars: Path = Path(".jars")
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class MlflowSettings:
    """The tracking server and registry; `artifacts` is used when the tracking store is a local database."""

    tracking_uri: str
    registry_uri: str
    experiment: str
    artifacts: str | None = None


@dataclass(frozen=True)
class CampaignsSettings:
    """Where campaign folders are, and the shop every mail speaks for."""

    folder: Path
    shop: Mapping[str, str]


@dataclass(frozen=True)
class FilesSettings:
    """Payload files for bulk upload."""

    folder: Path
    formats: tuple[Literal["jsonl", "csv"], ...] = ("jsonl", "csv")
    max_rows: int = 100_000
    max_bytes: int = 50_000_000


@dataclass(frozen=True)
class DeliverySettings:
    """Hand-over. `test_addresses` are all that test mode may mail: addresses, or `@domain` for a whole domain."""

    test_addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class SecretsSettings:
    """References `secret://scope/key`, resolved where they are used and nowhere else."""

    unsubscribe_key: str
    address_key: str


@dataclass(frozen=True)
class ModelsSettings:
    """What models are told beside the knobs that stand with their code: departments that hold no merchandise."""

    excluded_departments: tuple[str, ...] = ()
    seed: int = 7


@dataclass(frozen=True)
class Settings:
    """Everything a job can be told, with one place for each thing."""

    lake: LakeSettings
    landing: Path
    sources: Mapping[str, Source]
    mlflow: MlflowSettings
    campaigns: CampaignsSettings
    files: FilesSettings
    secrets: SecretsSettings
    gateway: GatewaySettings
    spark: SparkSettings = field(default_factory=SparkSettings)
    models: ModelsSettings = field(default_factory=ModelsSettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)


def load(environment: str, *, conf: Traversable = PACKAGED) -> Settings:
    """Read `base.yml` and `<environment>.yml` of `conf`. Raises ConfigError naming the file, key and a fix."""
    names = (entry.name for entry in conf.iterdir()) if conf.is_dir() else ()
    known = sorted({name.removesuffix(".yml") for name in names if name.endswith(".yml")} - {"base"})
    if environment not in known:
        raise ConfigError(
            f"unknown environment {environment!r}",
            place=str(conf),
            mend=f"use one of: {', '.join(known) or 'none found'}",
        )
    layers = [read_yaml(conf / f"{name}.yml") for name in ("base", environment)]
    return validate(Settings, _overlay(*layers), place=f"{conf}/base.yml + {environment}.yml")


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
        return {one.name for one in fields(kind)}.union(*nested)
    return set().union(*(_keys(of) for of in get_args(kind)))


def _overlay(base: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `above` over `base`, mapping by mapping."""
    merged = dict(base)
    for key, value in above.items():
        below = merged.get(key)
        merged[key] = _overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
