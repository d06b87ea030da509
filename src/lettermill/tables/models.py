"""Tables of models: examples, scores and recommendations."""

from lettermill.tables.declaration import Column, Table

CLASSIFIERS = ("churn", "next_purchase")
"""The models whose scores of people are kept."""


def score_column(model: str) -> str:
    """What a model's score of a person is called where a person is one row: in audiences, and as an attribute."""
    return f"{model}_score"


SCORES = Table(
    name="models.scores",
    grain="one row per person, model and as_of",
    columns=(
        Column("person_id", "string", "the person", required=True),
        Column("model", "string", " or ".join(CLASSIFIERS), required=True),
        Column("as_of", "timestamp", "the moment of knowledge", required=True),
        Column("score", "double", "probability that the model's event happens", required=True),
        Column("model_version", "string", "the registered version", required=True),
    ),
    key=("person_id", "model", "as_of"),
    written_by="models.scoring.scores",
    cluster_by=("as_of",),
    constraints={"probability": "score >= 0 AND score <= 1"},
)

RECOMMENDATIONS = Table(
    name="models.recommendations",
    grain="one row per person, as_of and rank of the slate",
    columns=(
        Column("person_id", "string", "the person", required=True),
        Column("as_of", "timestamp", "the moment of knowledge", required=True),
        Column("rank", "int", "place in the slate, from 1", required=True),
        Column("product_id", "string", "the product", required=True),
        Column("source", "string", "personal, als or popular: who proposed the product first", required=True),
        Column("score", "double", "by which the slate is ordered, highest first", required=True),
        Column("times_bought", "bigint", "orders of the person with the product", required=True),
        Column("last_bought_at", "timestamp", "the newest of them"),
        Column("typical_gap_days", "double", "mean days between them, where there are two or more"),
        Column("model_version", "string", "the registered version of the recommender", required=True),
    ),
    key=("person_id", "as_of", "rank"),
    written_by="models.slates.slates",
    cluster_by=("as_of",),
    constraints={"known_source": "source IN ('personal', 'als', 'popular')"},
)
