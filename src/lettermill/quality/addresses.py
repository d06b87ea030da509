"""Misspelt domains of addresses: what may have been meant, how sure that is, and corrections that were accepted.

A domain looks misspelt when it is one slip of the keyboard (a letter too many, too few, another, or two swapped; in a
long name two) from a domain that far more people have. Nothing is corrected unless somebody accepts it.
"""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.quality.definition import Addresses, Correction

FINDING = "an e-mail domain looks misspelt"
CORRECTED = "#corrected"
"""Ends the origin of a version of a record that a correction made; the version as it came stays beside it."""
ONE_SLIP, TWO_SLIPS, SHORT_ENDING = 0.98, 0.8, 0.6
LEAST_LETTERS, LETTERS_FOR_TWO = 5, 6
LEARNT_SHARE, LEARNT_LEAST = 0.01, 20  # a domain with so many of all addresses is meant
OWN_WEIGHT = 10  # a misspelling is at least so many times rarer than what was meant


def domains(people: DataFrame, *, as_of: datetime) -> DataFrame:
    """One row per domain among addresses known at `as_of`: `domain`, and `addresses`, how many distinct ones."""
    came = ~F.col("origin").endswith(CORRECTED)
    known = people.where(F.col("email").isNotNull() & came & (F.col("available_at") <= F.lit(as_of)))
    domain = F.substring_index("email", "@", -1).alias("domain")
    return known.groupBy(domain).agg(F.countDistinct("email").alias("addresses"))


def suggestions(domains: DataFrame, *, addresses: Addresses) -> DataFrame:
    """Findings among domains, as `outliers.outliers` gives them, with `suggestion` and `confidence`."""
    given = F.array(*(_known(domain, weight) for domain, weight in addresses.known_domains.items()))
    all_of_them = F.sum("addresses").over(Window.partitionBy(F.lit(1)))
    is_learnt = (F.col("addresses") >= LEARNT_LEAST) & (F.col("addresses") >= LEARNT_SHARE * all_of_them)
    learnt = domains.withColumn("is_learnt", is_learnt)
    known = learnt.agg(
        F.concat(
            given.cast("array<struct<domain: string, weight: bigint>>"),
            F.collect_list(
                F.when(
                    F.col("is_learnt"),
                    F.struct(F.col("domain"), F.col("addresses").cast("bigint").alias("weight")),
                )
            ),
        ).alias("known")
    )
    asked = domains.crossJoin(F.broadcast(known)).where(
        ~F.exists("known", lambda one: one["domain"] == F.col("domain"))
    )
    best = F.array_max(
        F.transform("known", lambda one: F.struct(_confidence(one).alias("confidence"), one["domain"].alias("domain")))
    )
    told = "%s looks misspelt: %s may be meant (%d addresses)"
    suggested = asked.withColumn("best", best).where(F.col("best.confidence") >= addresses.least_confidence)
    return suggested.select(
        F.lit(FINDING).alias("finding"),
        F.lit("typo").alias("kind"),
        F.lit("email_domain").alias("subject_kind"),
        F.col("domain").alias("subject_id"),
        F.col("addresses").cast("double").alias("observed"),
        F.col("best.domain").alias("suggestion"),
        F.round("best.confidence", 4).alias("confidence"),
        F.format_string(told, "domain", "best.domain", "addresses").alias("detail"),
        F.lit(False).alias("holds"),
    )


def corrected_people(people: DataFrame, corrections: Sequence[Correction]) -> DataFrame:
    """A version more of each record (quality.people) whose address has a domain with an accepted correction.

    It is known from the acceptance on, so that what was known before stays as it was; a later version of the record by
    its source wins over it.
    """
    domain = F.substring_index("email", "@", -1)
    to = F.coalesce(*(F.when(domain == one.domain, F.lit(one.to)) for one in corrections))
    since = F.coalesce(*(F.when(domain == one.domain, F.lit(one.accepted_at)) for one in corrections))
    wrong = people.where(domain.isin([one.domain for one in corrections]) & ~F.col("origin").endswith(CORRECTED))
    note = F.concat(F.lit("email domain corrected from "), domain)
    return wrong.withColumns(
        {
            "warnings": F.array_append("warnings", note),
            "available_at": F.greatest("available_at", since),
            "origin": F.concat("origin", F.lit(CORRECTED)),
            "email": F.concat(F.substring_index("email", "@", 1), F.lit("@"), to),
        }
    )


def accepted_corrections(reviews: DataFrame) -> DataFrame:
    """Reviews of misspelt domains that somebody accepted: domain, to, accepted_by, accepted_at, why."""
    return reviews.where("kind = 'typo' AND state = 'accepted'").select(
        F.col("subject_id").alias("domain"),
        F.col("suggestion").alias("to"),
        F.col("decided_by").alias("accepted_by"),
        F.col("decided_at").alias("accepted_at"),
        F.col("reason").alias("why"),
    )


def _confidence(known: Column) -> Column:
    """How sure it is that `domain` stands for a known one: how near they are, times how much rarer it is."""
    own, right = F.col("domain"), known["domain"]
    name, ending = _parted(own)
    right_name, right_ending = _parted(right)
    slips, letters = _slips(name, right_name), F.length(right_name)
    of_name = F.when((slips == 1) & (letters >= LEAST_LETTERS), ONE_SLIP).when(
        (slips == 2) & (letters >= LETTERS_FOR_TWO), TWO_SLIPS
    )
    of_ending = F.when(F.length(ending) == 2, SHORT_ENDING).otherwise(ONE_SLIP)  # two letters: a country's own
    near = F.when(ending == right_ending, of_name).when(
        (name == right_name) & (_slips(ending, right_ending) == 1) & (F.length(right_ending) > 2), of_ending
    )
    return near * known["weight"] / (known["weight"] + OWN_WEIGHT * F.col("addresses"))


def _slips(one: Column, other: Column) -> Column:
    """Damerau's distance for one slip: two neighbours swapped count as one."""
    swapped = F.array_sort(F.split(one, "")) == F.array_sort(F.split(other, ""))
    distance = F.levenshtein(one, other)
    return F.when(swapped & (distance == 2), 1).otherwise(distance)


def _parted(domain: Column) -> tuple[Column, Column]:
    ending = F.substring_index(domain, ".", -1)
    return domain.substr(F.lit(1), F.length(domain) - F.length(ending) - 1), ending


def _known(domain: str, weight: int) -> Column:
    return F.struct(F.lit(domain).alias("domain"), F.lit(weight).cast("bigint").alias("weight"))
