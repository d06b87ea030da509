"""Everyone's slate by one version of the recommender: what recommend_products stores, and a diff may try out."""

from pyspark.sql import DataFrame

from lettermill.job import Run
from lettermill.models.contenders import shelf_of
from lettermill.models.interactions import candidates
from lettermill.models.recommender import Recommender
from lettermill.models.recommender_knobs import RecommenderKnobs
from lettermill.models.slates import slates


def slates_of(
    run: Run, bought: DataFrame, people: DataFrame, products: DataFrame, *, model: Recommender, version: str
) -> DataFrame:
    """Rows of models.recommendations for the run's as-of; `bought` is what `interactions` returns at it."""
    knobs, excluded = RecommenderKnobs(), run.settings.models.excluded_departments
    known = candidates(bought, products, as_of=run.as_of, excluded_departments=excluded, rule=knobs.candidates)
    shelf = shelf_of(model, known.toPandas(), mix=knobs.mix)
    return slates(bought, people, shelf=shelf, as_of=run.as_of, model_version=version, rule=knobs.slate)
