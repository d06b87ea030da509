"""What a campaign is: a file of data that says who gets what, and what to do when something is missing."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from lettermill.campaigns.limits import Policy, Preflight
from lettermill.campaigns.slots import Slot
from lettermill.delivery_rules import DeliveryRules, Stock
from lettermill.durations import duration
from lettermill.tables import Table
from lettermill.tables.campaigns import contexts_table
from lettermill.tables.declaration import NAME
from lettermill.tables.profiles import EVERY_TOPIC

SEED = re.compile(r"[a-z][a-z0-9-]{0,40}")
Missing = Literal["default", "skip_block", "skip_person", "fail"]
CHOSEN = "slots"
"""The input that says which block each slot shows."""


@dataclass(frozen=True)
class Input:
    """One variable a template may read.

    `type` is Spark DDL, `value` a SQL expression over the audience's columns, `at` one for the age of what it was made
    from. Where `value` is null, `missing` decides: use `default` (which may be null), leave the variable undefined so
    that a block can skip itself, leave the person out, or stop the plan. What it was made from is stale when older than
    `max_age` (`7 days`) at the moment of a pre-flight, or of unknown age; `stale` decides: hold the message back, or
    only tell.
    """

    type: str
    value: str
    missing: Missing = "fail"
    default: Any = None
    at: str = "as_of"
    meaning: str = ""
    max_age: str | None = None
    stale: Policy = "block"

    def __post_init__(self) -> None:
        if self.max_age is not None:
            duration(self.max_age, of="max_age")


@dataclass(frozen=True)
class Experiment:
    """The campaign's experiment: a share of the audience is held out by a salted hash, for as long as it runs."""

    name: str
    holdout_share: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.holdout_share < 1:
            raise ValueError(f"holdout_share must be from 0 up to 1, is {self.holdout_share}")


@dataclass(frozen=True)
class Slate:
    """How many recommended products a mail shows, and the SQL expression of the reason given for each."""

    size: int
    reason: str


@dataclass(frozen=True)
class Seed:
    """One reader of test mails: `address` gets the mail of a made-up person, whose inputs are in the file `profile` of
    the campaign's folder, of the person `person`, or, with `every_branch`, one mail per way through the template."""

    name: str
    address: str
    profile: str | None = None
    person: str | None = None
    every_branch: bool = False

    def __post_init__(self) -> None:
        if not SEED.fullmatch(self.name):
            raise ValueError(f"a seed's name must match {SEED.pattern}, is {self.name!r}")
        if self.address.count("@") != 1:
            raise ValueError(f"the address of the seed {self.name!r} is {self.address!r}: write name@domain")
        if (self.profile is not None) + (self.person is not None) + self.every_branch != 1:
            raise ValueError(f"give the seed {self.name!r} one of profile, person and every_branch: true")


@dataclass(frozen=True)
class Campaign:
    """One campaign. `audience` is a SQL condition over people, features and scores; `columns` name SQL expressions
    that inputs may use; `parts` name the files of the template, in the order they are rendered; `link_parameters`
    stand on every link of the html to the web; `whitespace` says whether what no reader sees of it is left out; `seeds`
    are who gets test mails. `slots` are chosen blocks for: which one each shows is an input too, the struct `slots`.
    `language` is what the files are written in. `topic` is what people may leave without leaving all mail. `delivery`
    says how often, when and how fast its messages leave."""

    name: str
    description: str
    audience: str
    experiment: Experiment
    slate: Slate
    inputs: Mapping[str, Input]
    parts: Mapping[str, str]
    columns: Mapping[str, str] = field(default_factory=dict)
    slots: Mapping[str, Slot] = field(default_factory=dict)
    preflight: Preflight = field(default_factory=Preflight)
    link_parameters: Mapping[str, str] = field(default_factory=dict)
    whitespace: Literal["as_written", "minified"] = "as_written"
    language: Literal["jinja2", "liquid"] = "jinja2"
    provider: str = "files"
    topic: str = EVERY_TOPIC
    default_locale: str = "en_US"
    default_timezone: str = "UTC"
    seeds: tuple[Seed, ...] = ()
    delivery: DeliveryRules = field(default_factory=DeliveryRules)

    def __post_init__(self) -> None:
        for name in (self.name, self.topic, *self.inputs, *self.slots):
            if not NAME.fullmatch(name):
                raise ValueError(f"{name!r} must match {NAME.pattern}")
        named = [seed.name for seed in self.seeds]
        doubled = sorted({name for name in named if named.count(name) > 1})
        if doubled:
            raise ValueError(f"two seeds are named {doubled[0]!r}")
        if self.language == "liquid" and self.whitespace == "minified":
            raise ValueError("whitespace: minified is for templates in Jinja2: write as_written")
        if self.inputs.get(CHOSEN, _chosen({})).value != CHOSEN:
            raise ValueError(f"the input {CHOSEN!r} is made of the slots: call yours by another name")
        if self.delivery.stock is not None:
            _require_products(self.delivery.stock, self.inputs)
        if self.slots:
            object.__setattr__(self, "inputs", {**self.inputs, CHOSEN: _chosen(self.slots)})

    @property
    def inputs_type(self) -> str:
        """The struct of the declared inputs, as Spark DDL."""
        return "struct<{}>".format(", ".join(f"{name}: {declared.type}" for name, declared in self.inputs.items()))

    @property
    def contexts(self) -> Table:
        """The table of this campaign's contexts: another shape of inputs is another table."""
        fingerprint = sha256(self.inputs_type.encode()).hexdigest()[:8]
        return contexts_table(self.name, inputs=self.inputs_type, fingerprint=fingerprint)


def _chosen(slots: Mapping[str, Slot]) -> Input:
    fields = ", ".join(f"{name}: string" for name in slots)
    return Input(f"struct<{fields}>", CHOSEN, meaning="the block that each slot shows")


def _require_products(stock: Stock, inputs: Mapping[str, Input]) -> None:
    """Raises ValueError where the input, or a field of its structs, is none that the campaign declares."""
    if stock.input not in inputs:
        raise ValueError(f"delivery.stock: no input is called {_unknown(stock.input, inputs)}")
    declared = re.findall(r"(\w+)\s*:", inputs[stock.input].type)
    for name in (stock.id, stock.price):
        if name is not None and name not in declared:
            raise ValueError(f"delivery.stock: {stock.input} has no field {_unknown(name, declared)}")


def _unknown(name: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(name, list(known), n=1)
    return repr(name) + (f", did you mean {nearest[0]!r}?" if nearest else "")
