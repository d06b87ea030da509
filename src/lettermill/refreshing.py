"""Bringing the features of the people whom new events concern up to date, between two builds."""

from dataclasses import replace
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.features.people import people_of, refreshed_features
from lettermill.job import Run
from lettermill.lake import Lake
from lettermill.reviewed import reviewed_lines
from lettermill.tables.features import LATEST
from lettermill.waiting import waited


def refresh(events: DataFrame, lake: Lake, *, run: Run) -> None:
    """Write the features, as of the run's moment, of the people whom `events` (as quality.events) concern.

    Orders that quality.reviews keeps out count in none of it, as in a build. Counts the people, and notes how long the
    events waited, from their arrival here to now. Events that are known only after the moment change nothing.
    """
    identities = lake.read(tables.profiles.IDENTITIES)
    is_known = (F.col("occurred_at") < F.lit(run.as_of)) & (F.col("available_at") <= F.lit(run.as_of))
    concerned = people_of(events.where(is_known), identities=identities).persist()
    refreshed = refreshed_features(
        lake.read(tables.profiles.PEOPLE),
        identities,
        reviewed_lines(replace(run, lake=lake)),
        lake.read(tables.quality.PRODUCTS),
        lake.read(tables.quality.EVENTS),
        concerned=concerned,
        moment=run.as_of,
        excluded_departments=run.settings.models.excluded_departments,
    )
    lake.merge(refreshed, into=LATEST)
    (arrived,) = events.agg(F.count("*").alias("all"), F.count_if(is_known).alias("known")).collect()
    later = arrived["all"] - arrived["known"]
    run.count(events=arrived["all"], after_as_of=later, people_refreshed=concerned.count())
    run.note(waiting(events, arrived=lake.read(tables.ingest.EVENTS), until=run.now()))
    concerned.unpersist()


def waiting(events: DataFrame, *, arrived: DataFrame, until: datetime) -> str:
    came = ["source", "origin", "position"]
    taken_in = events.select(*came).join(arrived, on=came, how="inner")
    return waited(taken_in, since="ingested_at", until=until, what="events waited")
