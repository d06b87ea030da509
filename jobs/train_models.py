"""Train the classifiers of churn and next purchase on what was known by --as-of, and register them in MLflow.

A model already trained from the same tables, code and parameters is kept; nothing is fitted again. People and orders
that quality.reviews keeps out teach it nothing.
"""

import json
from dataclasses import asdict
from hashlib import sha256

from lettermill import code_version, tables
from lettermill.features.people import customers, people_features
from lettermill.features.purchases import merchandise
from lettermill.job import Argument, Run, job
from lettermill.models.classifiers import Boosting
from lettermill.models.examples import OUTCOMES, cut_offs, examples
from lettermill.models.plots import figures
from lettermill.models.registry import Registry
from lettermill.models.training import collected, first_known, train
from lettermill.permitting import without_objectors
from lettermill.quality.reviews import without_people
from lettermill.reviewed import people_kept_out, reviewed_lines

PREFIX = Argument("--prefix", help="put before each registered name: lettermill.models. in a Unity Catalog", default="")
READ = (tables.profiles.PEOPLE, tables.profiles.IDENTITIES, tables.quality.PRODUCTS, tables.quality.EVENTS)


@job(PREFIX)
def main(run: Run) -> None:
    registry, boosting = Registry(**asdict(run.settings.mlflow)), Boosting(seed=run.settings.models.seed)
    people, identities, products, events = (run.read(table) for table in READ)
    order_lines, people = reviewed_lines(run), without_people(people, people_kept_out(run))
    people = without_objectors(run, people)
    excluded = run.settings.models.excluded_departments
    code = code_version.fingerprint("models", "features")
    keyed = [run.as_of.isoformat(), run.versions, code, boosting.as_parameters(), excluded]
    fingerprint = sha256(json.dumps(keyed, sort_keys=True).encode()).hexdigest()
    names = {outcome: run.arguments.prefix + outcome.name for outcome in OUTCOMES}
    standing = [registry.with_fingerprint(name, fingerprint) for name in names.values()]
    if all(standing):
        for one in standing:
            run.note(f"{one.name}: version {one.version} was trained from exactly this; not trained again")
        return
    purchases = merchandise(order_lines, products, customers(identities), excluded_departments=excluded)
    months = cut_offs(as_of=run.as_of, first_order_at=first_known(purchases, as_of=run.as_of))
    with run.doing(f"features at {len(months.all)} cut-offs"):
        features = people_features(
            people, identities, order_lines, products, events, moments=months.all, excluded_departments=excluded
        )
        rows = collected(examples(features, purchases, as_of=run.as_of), labels=tuple(one.name for one in OUTCOMES))
    for outcome, name in names.items():
        with run.doing(f"training {outcome.name}"):
            trained = train(run.spark, rows, outcome=outcome, cut_offs=months, boosting=boosting)
        registered = registry.register(
            name,
            model=trained.booster,
            fingerprint=fingerprint,
            parameters=boosting.as_parameters()
            | {"holdout": months.holdout.isoformat(), "months": len(months.training)},
            metrics=trained.metrics,
            figures=figures(trained.documents["curves.json"]),
            documents=trained.documents,
            tags={"git_commit": code_version.git_commit() or "", "tables": json.dumps(run.versions, sort_keys=True)},
            input_example=trained.input_example,
        )
        run.note(f"{trained.summary()}; version {registered.version}")


if __name__ == "__main__":
    main()
