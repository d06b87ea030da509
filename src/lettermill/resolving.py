"""Resolving who is who: rounds over evidence until all that is linked is one, and limits on what may be one."""

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.job import Run
from lettermill.profiles.components import next_round, oriented, unsettled
from lettermill.profiles.evidence import (
    FIRST,
    links,
    narrowed,
    oversize,
    rooted,
    shared_identifiers,
    statements,
    without,
)
from lettermill.profiles.flags import component_flags, identity_flags, shared_flags
from lettermill.profiles.identity import heard_events, identities, identity_changes
from lettermill.profiles.phones import with_e164
from lettermill.profiles.policy import IdentityPolicy
from lettermill.profiles.suggestions import probable_links
from lettermill.quality.checks import address_in
from lettermill.tables.profiles import ATTRIBUTES, IDENTITY_CHANGES, IDENTITY_FLAGS, MATCHES

TRUSTED = (("record", "customer_id"), ("record",))
"""Kinds of identifiers that may still link the records of a component that is too large: first these, then those."""


@dataclass(frozen=True)
class Evidence:
    """Statements with the `root` of their component, and what was not taken as evidence."""

    stated: DataFrame
    flags: DataFrame


@dataclass(frozen=True)
class Resolved:
    """Rows for profiles.identities, identity_changes and identity_flags.

    Store the identities last: a run that is cut short then finds the same changes again.
    """

    identities: DataFrame
    changes: DataFrame
    flags: DataFrame


def components(pairs: DataFrame) -> DataFrame:
    """Settled edges `node, root` of the pairs `one, other`: every node that is linked, with its component's smallest.

    Each round is stored on the executors (a local checkpoint), which cuts the plan; where one of them is lost the job
    fails and a rerun starts anew.
    """
    edges = oriented(pairs).localCheckpoint()
    while not unsettled(edges).isEmpty():
        edges = next_round(edges).localCheckpoint()
    return edges


def tied(stated: DataFrame, *, policy: IdentityPolicy) -> Evidence:
    """Tie statements into components, dropping as evidence what would make one person of many.

    An identifier that too many customers share links nobody and is nobody's. Of a component with too many identifiers
    only customer ids link still, and where that is too large as well, nothing does.
    """
    stated = stated.localCheckpoint()
    shared = shared_identifiers(stated, at_most=policy.shared_by_at_most).localCheckpoint()
    flags = [shared_flags(shared)]
    kept = _rooted(without(stated, shared))
    for trusting in TRUSTED:
        large = oversize(kept, at_most=policy.component_at_most).localCheckpoint()
        if large.isEmpty():
            break
        flags.append(component_flags(large, at_most=policy.component_at_most))
        kept = _rooted(narrowed(kept, large, trusting=trusting).drop("root"))
    # A component that customer ids alone make too large is flagged once, with the figure of all evidence.
    every = reduce(DataFrame.unionByName, flags).groupBy("identifier_kind", "identifier")
    return Evidence(kept, every.agg(F.max("how_many").alias("how_many"), F.max("allowed").alias("allowed")))


def _rooted(stated: DataFrame) -> DataFrame:
    return rooted(stated, components(links(stated))).localCheckpoint()


def resolve(run: Run, records: DataFrame, events: DataFrame, *, standing: DataFrame, flagged: DataFrame) -> Resolved:
    """Who is who by what had been said at the run's moment; `standing` and `flagged` are the tables so far."""
    as_of, policy = F.lit(run.as_of), run.settings.profiles.identity
    heard = heard_events(events, as_of=as_of)
    stated = statements(records, heard=heard, introduced=introductions(heard, region=policy.phone_region))
    if policy.probable.use and run.lake.exists(MATCHES):
        matches = run.lake.read(MATCHES)
        stated = stated.unionByName(probable_links(matches, above=policy.probable.use_above, as_of=as_of))
    evidence = tied(stated, policy=policy)
    found = identities(evidence.stated, standing=standing, as_of=as_of).localCheckpoint()
    changes = identity_changes(evidence.stated, found, standing=standing, dropped=evidence.flags, as_of=as_of)
    return Resolved(found, changes, identity_flags(evidence.flags, standing=flagged, as_of=as_of))


def introductions(heard: DataFrame, *, region: str) -> DataFrame:
    """Addresses and phones that events of the kind `identify` state of the customer they name, as records have them."""
    said = heard.where((F.col("kind") == "identify") & F.col("user_id").isNotNull()).select(
        "user_id",
        address_in("properties.email").alias("email"),
        F.col("properties.phone").alias("phone"),
        F.lit(None).cast("string").alias("country"),
        *FIRST,
    )
    return with_e164(said, region=region)


def is_built_for_later(run: Run) -> bool:
    """Whether profiles already hold what could be known only after the run's moment."""
    moments = ((IDENTITY_CHANGES, "known_at"), (IDENTITY_FLAGS, "known_from"), (ATTRIBUTES, "known_from"))
    later = (
        run.lake.read(table).where(F.col(name) > F.lit(run.as_of)) for table, name in moments if run.lake.exists(table)
    )
    return any(not rows.isEmpty() for rows in later)
