"""A hundred thousand records that are all linked: told by name instead of merged, or one person where conf allows it."""

import pytest
from pyspark.sql import functions as F

from lettermill.profiles.policy import IdentityPolicy
from lettermill.resolving import components, tied

pytestmark = pytest.mark.acceptance

NODES = 100_000


def stated(spark, customer, email):
    """Statements of a customer id and an address by each record; both are SQL over its number `id`."""
    kinds = {"record": "concat('crm/', id)", "customer_id": customer, "email": email}
    named = F.array(
        *(
            F.struct(F.lit(k).alias("identifier_kind"), F.expr(v).cast("string").alias("identifier"))
            for k, v in kinds.items()
        )
    )
    return spark.range(NODES, numPartitions=4).select(
        F.concat(F.lit("record:crm/"), "id").alias("holder"),
        F.concat(F.lit("customer_id:"), F.expr(customer)).alias("customer"),
        F.inline(named),
        F.lit(False).alias("is_event"),
        F.timestamp_seconds(F.lit(1_500_000_000) + F.col("id")).alias("available_at"),
        F.lit("f").alias("origin"),
        F.col("id").alias("position"),
    )


def persons(evidence):
    return {row.n: row.persons for row in evidence.stated.where("identifier_kind = 'record'").groupBy("root").agg(F.count("*").alias("n")).groupBy("n").agg(F.count("*").alias("persons")).collect()}  # fmt: skip


CHAIN = ("floor(id / 2)", "concat(floor((id + 1) / 2), '@e.com')")


def test_a_chain_of_a_hundred_thousand_nodes_is_one_component(spark):
    edges = components(spark.range(NODES).selectExpr("id AS one", "id + 1 AS other"))

    assert edges.agg(F.count("*"), F.countDistinct("root"), F.max("root")).first()[:] == (NODES, 1, 0)


def test_a_chain_of_a_hundred_thousand_records_is_flagged_and_tied_by_customer_ids_alone(spark):
    evidence = tied(stated(spark, *CHAIN), policy=IdentityPolicy())

    assert persons(evidence) == {2: NODES // 2}
    assert [tuple(row) for row in evidence.flags.collect()] == [("component", "crm/0", NODES * 2 + 1, 1000)]


def test_where_conf_allows_it_the_chain_is_one_person(spark):
    evidence = tied(stated(spark, *CHAIN), policy=IdentityPolicy(component_at_most=NODES * 3))

    assert persons(evidence) == {NODES: 1}
    assert evidence.flags.isEmpty()


def test_an_address_of_a_hundred_thousand_customers_links_nobody(spark):
    evidence = tied(stated(spark, "id", "'info@shop.com'"), policy=IdentityPolicy())

    assert persons(evidence) == {1: NODES}
    assert [tuple(row) for row in evidence.flags.collect()] == [("email", "info@shop.com", NODES, 5)]
