"""Comparing two versions of a campaign over its whole audience: the sides looked up, the changes counted and shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_type

from lettermill.campaigns.definition import Campaign
from lettermill.campaigns.trials import impersonal_contexts
from lettermill.errors import ConfigError, TemplateError
from lettermill.job import Run
from lettermill.rendering.diff.causes import Cause
from lettermill.rendering.diff.examples import Example, example_of, examples_in_contexts, examples_in_pairs
from lettermill.rendering.diff.paired import count_in_pairs
from lettermill.rendering.diff.pairs import mail_pair
from lettermill.rendering.diff.patterns import (
    Pattern,
    cause_of,
    cause_rows,
    count_in_contexts,
    count_in_files,
    merged,
    named_values,
    pattern_of,
    pattern_rows,
    totals,
    value_counts,
    with_named_values,
)
from lettermill.rendering.diff.wording import SourceChange, file_of, headline, source_changes
from lettermill.rendering.templates import Template
from lettermill.sides import WORKING, Asked, Slot, asked, require_pair, slot_of, stored_slot, template_of
from lettermill.tables.campaigns import stored_contexts
from lettermill.trials import MESSAGE_ID, TOKEN_OF_NOBODY, Trials, open_trials, pairs_of


@dataclass(frozen=True)
class Side:
    """One side as it was found: what was asked for, and what that is."""

    asked: str
    words: str


@dataclass(frozen=True)
class Diff:
    """What changes between two versions of a campaign.

    `messages` are those that either side sends, `rendered` those of which any block had to be rendered. `causes` count
    the messages of each, alone or with others. `of` says whose ids the patterns' examples are: message or person.
    """

    campaign: str
    kind: str
    before: Side
    after: Side
    occurrence: str | None
    of: str
    messages: int
    changed: int
    rendered: int
    patterns: tuple[Pattern, ...]
    causes: tuple[tuple[Cause, int], ...]
    examples: dict[str, Example] = field(repr=False)
    sources: tuple[SourceChange, ...] = field(repr=False)

    @property
    def share(self) -> float:
        return self.changed / self.messages if self.messages else 0.0

    @property
    def others(self) -> int:
        """Changed messages of patterns that are not told one by one."""
        return self.changed - sum(pattern.messages for pattern in self.patterns)

    @property
    def headline(self) -> str:
        """The diff in a sentence."""
        return headline(messages=self.messages, changed=self.changed, patterns=len(self.patterns), others=self.others)

    def sources_of(self, pattern: Pattern) -> tuple[SourceChange, ...]:
        """What changed in the files of a pattern's blocks, where the template is the cause; all changes where these
        files are as they were, since what they read was set elsewhere."""
        files = {file_of(one.path) for one in pattern.causes if one.kind == "template"}
        own = tuple(one for one in self.sources if one.file in files)
        return own or (self.sources if files else ())


@dataclass(frozen=True)
class Comparison:
    """Two templates, and the audience under both: `counted` are rows of COUNTED, `shown` finds example pairs by id."""

    before: Template
    after: Template
    counted: DataFrame
    contexts: DataFrame
    is_paired: bool

    def examples(self, ids: Sequence[str]) -> dict[str, Example]:
        """An example of each id; people who are mailed on one side alone have none."""
        few = self.contexts.where(F.col("message_id").isin([*ids]))
        if self.is_paired:
            rows = examples_in_pairs(few, before=self.before, after=self.after)
        else:
            nobodys = impersonal_contexts(few, message_id=MESSAGE_ID, token=TOKEN_OF_NOBODY)
            rows = examples_in_contexts(nobodys, before=self.before, after=self.after)
        return {row["message_id"]: example_of(row.asDict()) for row in rows.collect()}


def diff_of(
    run: Run, campaign: Campaign, *, before: str | None, after: str | None, occurrence: str | None = None
) -> Diff:
    """Compare two versions. `before` is by default the newest template version that was planned; `after` is `working`
    for a template, and for a date or model the newest plan.

    Raises ConfigError where a side cannot be found or the two are no pair.
    """
    given = tuple(None if one is None else asked(one) for one in (before, after))
    require_pair(given)
    is_told = all(one is not None and one.kind == "date" for one in given)
    slot = None if is_told and occurrence is None else slot_of(run, campaign, occurrence)
    sides = _sides(given, slot)
    with open_trials(run, campaign) as trials:
        comparison = _compared(trials, sides, slot)
        counted = merged(comparison.counted).persist()
        try:
            return _told(comparison, counted, sides, slot, campaign)
        finally:
            counted.unpersist()


def _sides(given: Sequence[Asked | None], slot: Slot | None) -> tuple[Asked, Asked]:
    """Both sides as they were asked for; a date or model that has no counterpart gets the slot's plan."""
    before, after = given
    if before is not None and after is not None:
        return before, after
    assert slot is not None
    if any(one is not None and one.kind != "template" for one in given):
        planned = Asked(slot.occurrence, "date", as_of=slot.as_of)
        return before or planned, after or planned
    return before or asked(slot.template_version), after or asked(WORKING)


def _compared(trials: Trials, sides: tuple[Asked, Asked], slot: Slot | None) -> Comparison:
    run, campaign = trials.run, trials.campaign
    old, new = sides
    if slot is not None and old.kind == "template":
        before, after = template_of(run, campaign, old.text), template_of(run, campaign, new.text)
        is_reshaped = slot.contexts_table != campaign.contexts.name and new.text == WORKING
        if not is_reshaped:
            return _over_contexts(run, slot, before, after)
        pairs = pairs_of(
            trials.stored(slot.occurrence, contexts_table=slot.contexts_table),
            trials.of_date(slot.as_of, side="after"),
        )
    else:
        before = after = template_of(run, campaign, WORKING)
        pairs = pairs_of(_data(trials, old, slot, "before"), _data(trials, new, slot, "after"))
    _require_compiled(before, after, pairs.select("inputs_before"), pairs.select("inputs_after"))
    counted = count_in_pairs(pairs, before=before, after=after)
    return Comparison(before, after, counted, pairs, is_paired=True)


def _over_contexts(run: Run, slot: Slot, before: Template, after: Template) -> Comparison:
    """Two templates over the slot's stored contexts, read by the workers themselves where they can."""
    table = stored_contexts(slot.contexts_table)
    whole = run.read(table)
    contexts = whole.where(F.col("occurrence") == slot.occurrence)
    _require_compiled(before, after, contexts.select("inputs"), contexts.select("inputs"))
    paths = run.lake.files(table, version=run.versions[table.name])
    counted = (
        count_in_files(whole, paths, occurrence=slot.occurrence, before=before, after=after)
        if paths
        else count_in_contexts(contexts, before=before, after=after)
    )
    return Comparison(before, after, counted, contexts, is_paired=False)


def _data(trials: Trials, side: Asked, slot: Slot | None, word: str) -> DataFrame:
    """What a date's or a model's side shows each person."""
    if slot is not None and side.model is not None and side.version is not None:
        return trials.of_model(side.model, side.version, slot.as_of, side=word)
    stored = stored_slot(trials.run, trials.campaign, side)
    if stored is not None:
        return trials.stored(stored, contexts_table=trials.campaign.contexts.name)
    assert side.as_of is not None
    return trials.of_date(side.as_of, side=word)


def _require_compiled(before: Template, after: Template, inputs_before: DataFrame, inputs_after: DataFrame) -> None:
    """Compile here what the workers will. Raises ConfigError where a template reads what its contexts do not have."""
    types = [to_arrow_type(frame.schema.fields[0].dataType) for frame in (inputs_before, inputs_after)]
    old, new = types
    assert isinstance(old, pa.StructType)
    assert isinstance(new, pa.StructType)
    try:
        mail_pair(before, after, old, new)
    except TemplateError as error:
        problem = f"a template does not fit the contexts that are there: {error.problem}"
        raise ConfigError(
            problem, place=error.place, mend="plan an occurrence with it, and give --occurrence"
        ) from None


def _told(
    comparison: Comparison, counted: DataFrame, sides: tuple[Asked, Asked], slot: Slot | None, campaign: Campaign
) -> Diff:
    total = totals(counted).collect()[0]
    patterns: tuple[Pattern, ...] = ()
    causes: tuple[tuple[Cause, int], ...] = ()
    if total["changed"]:
        named = named_values(row.asDict() for row in value_counts(counted).collect())
        changes = with_named_values(counted, named=named)
        patterns = tuple(pattern_of(row.asDict()) for row in pattern_rows(changes).collect())
        causes = tuple((cause_of(row["cause"]), row["messages"]) for row in cause_rows(changes).collect())
    kind = sides[0].kind if sides[0].kind == sides[1].kind else "data"
    return Diff(
        campaign=campaign.name,
        kind=kind,
        before=_words(sides[0], comparison.before),
        after=_words(sides[1], comparison.after),
        occurrence=slot.occurrence if slot else None,
        of="person" if comparison.is_paired else "message",
        messages=total["messages"],
        changed=total["changed"],
        rendered=total["rendered"],
        patterns=patterns,
        causes=causes,
        examples=comparison.examples([pattern.example for pattern in patterns]) if patterns else {},
        sources=source_changes(comparison.before, comparison.after),
    )


def _words(side: Asked, template: Template) -> Side:
    if side.kind == "template":
        return Side(side.text, f"template {template.version[:12]}" + (" (the files)" if side.text == WORKING else ""))
    if side.model is not None:
        return Side(side.text, f"{side.model} version {side.version}")
    return Side(side.text, f"the plan of {side.text}")
