"""Train the recommender on what was bought before the last whole month, measure it on that month, and register it.

The cut-off is the last start of a month at least 28 days before --as-of. Training that would repeat a registered
version (same data, code and knobs) is skipped. People and orders that quality.reviews keeps out teach it nothing.
"""

from dataclasses import asdict

import pandas as pd

from lettermill.code_version import fingerprint
from lettermill.job import Run, job
from lettermill.models.contenders import shelf_of
from lettermill.models.interactions import candidates, interactions, purchases_between
from lettermill.models.ranking_report import measured, ranking_document, ranking_figure, ranking_metrics
from lettermill.models.recommender import NAME, fit
from lettermill.models.recommender_knobs import RecommenderKnobs, fingerprint_of
from lettermill.models.registry import Registry
from lettermill.models.windows import evaluation_window
from lettermill.permitting import without_objectors
from lettermill.quality.reviews import lines_without_people
from lettermill.reviewed import people_kept_out, reviewed_lines
from lettermill.tables.profiles import IDENTITIES
from lettermill.tables.quality import PRODUCTS


@job()
def main(run: Run) -> None:
    cut_off, until = evaluation_window(run.as_of)
    products, identities = run.read(PRODUCTS), without_objectors(run, run.read(IDENTITIES))
    lines = lines_without_people(reviewed_lines(run), people_kept_out(run), identities)
    knobs, seed, excluded = RecommenderKnobs(), run.settings.models.seed, run.settings.models.excluded_departments
    parameters = knobs.parameters(cut_off=cut_off, until=until, seed=seed, excluded_departments=",".join(excluded))
    learnt_from = fingerprint_of(versions=run.versions, code=fingerprint("models"), parameters=parameters)
    registry = Registry(**asdict(run.settings.mlflow))
    if standing := registry.with_fingerprint(NAME, learnt_from):
        run.note(f"{NAME} {standing.version} was trained from exactly this: nothing to do")
        return
    with run.doing("summing up who bought what"):
        bought = interactions(lines, identities, as_of=cut_off).persist()
        kept = candidates(
            bought, products, as_of=cut_off, excluded_departments=excluded, rule=knobs.candidates
        ).toPandas()
    with run.doing("fitting ALS"):
        model = fit(bought, kept, as_of=cut_off, als=knobs.als, seed=seed)
    with run.doing("ranking for the month after the cut-off"):
        truth = purchases_between(lines, identities, start=cut_off, until=until)
        shelf = shelf_of(model, kept, mix=knobs.mix)
        per_person = measured(bought, truth, shelf=shelf, as_of=cut_off, rule=knobs.slate).toPandas()
        bought.unpersist()
    document = ranking_document(per_person, cut_off=cut_off, until=until, candidates=len(kept), seed=seed)
    registered = registry.register(
        NAME,
        model=model,
        fingerprint=learnt_from,
        parameters=parameters,
        metrics=ranking_metrics(document),
        figures={"ranking": ranking_figure(document)},
        documents={"ranking.json": document},
        tags={f"version.{table}": str(version) for table, version in run.versions.items()},
        input_example=pd.DataFrame({"person_id": list(model.person_ids[:3])}),
    )
    run.count(candidates=len(kept), people_learnt_from=len(model.person_ids), people_measured=document["people"])
    run.note(f"{NAME} {registered.version}: nDCG@10 {registered.metrics['mixed_slate_ndcg_at_10']:.3f}")


if __name__ == "__main__":
    main()
