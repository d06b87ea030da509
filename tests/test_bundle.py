"""The Databricks bundle names only what exists: files, arguments, variables, tasks."""

import re
import runpy
from pathlib import Path

import pytest
from databricks.bundles.jobs import Job

from lettermill.settings import read_yaml
from lettermill.tables import features, models, profiles

BUNDLE = read_yaml(Path("databricks.yml"))
RESOURCES = sorted(Path("resources").glob("*.yml"))
JOBS = {
    f"{file.name}:{name}": (file, job)
    for file in RESOURCES
    for name, job in read_yaml(file)["resources"]["jobs"].items()
}
ALL_TASKS = {f"{name}:{task['task_key']}": (file, task) for name, (file, job) in JOBS.items() for task in job["tasks"]}
TASKS = {name: (file, task) for name, (file, task) in ALL_TASKS.items() if "run_job_task" not in task}
STARTING = {name: task["run_job_task"] for name, (_, task) in ALL_TASKS.items() if "run_job_task" in task}
"""Tasks that run another job of the bundle."""


@pytest.mark.parametrize("name", JOBS)
def test_databricks_own_types_take_the_job(name):
    Job.from_dict(JOBS[name][1])


@pytest.mark.parametrize("name", TASKS)
def test_a_task_runs_a_job_of_ours_with_arguments_it_takes(name):
    file, task = TASKS[name]
    script = (file.parent / task["spark_python_task"]["python_file"]).resolve()
    parameters = [re.sub(r"\{\{.*\}\}", "2018-01-01", text) for text in task["spark_python_task"]["parameters"]]

    job = runpy.run_path(str(script))["main"]

    job.parser().parse_args(parameters)


@pytest.mark.parametrize("file", ["databricks.yml", *map(str, RESOURCES)])
def test_every_variable_is_declared(file):
    used = set(re.findall(r"\$\{var\.(\w+)\}", Path(file).read_text()))

    assert used <= set(BUNDLE["variables"])
    assert all(variable["description"] for variable in BUNDLE["variables"].values())


@pytest.mark.parametrize("name", JOBS)
def test_dependencies_clusters_and_job_parameters_exist(name):
    job = JOBS[name][1]
    keys = [task["task_key"] for task in job["tasks"]]
    used = set(re.findall(r"\{\{job\.parameters\.(\w+)\}\}", str(job)))

    assert len(set(keys)) == len(keys)
    assert {need["task_key"] for task in job["tasks"] for need in task.get("depends_on", [])} <= set(keys)
    assert {task["job_cluster_key"] for task in job["tasks"] if "run_job_task" not in task} == {
        cluster["job_cluster_key"] for cluster in job.get("job_clusters", [])
    }
    assert used <= {parameter["name"] for parameter in job["parameters"]}


@pytest.mark.parametrize("name", STARTING)
def test_a_task_that_runs_another_job_names_one_of_the_bundle_and_parameters_of_it(name):
    jobs = {f"${{resources.jobs.{name.partition(':')[2]}.id}}": job for name, (_, job) in JOBS.items()}
    started = jobs[STARTING[name]["job_id"]]

    assert {*STARTING[name]["job_parameters"]} <= {parameter["name"] for parameter in started["parameters"]}


def test_attributes_are_synced_by_schedule_and_when_a_table_that_they_are_of_changes():
    sync, changes = (JOBS[f"{name}.job.yml:{name}"][1] for name in ("sync", "sync_changes"))

    assert sync["schedule"]["quartz_cron_expression"] == "0 50 * * * ?"
    assert changes["trigger"]["table_update"]["table_names"] == [
        f"${{var.catalog}}.{table.name}" for table in (profiles.PEOPLE, features.PEOPLE, models.SCORES)
    ]
    assert [task["run_job_task"]["job_id"] for task in changes["tasks"]] == ["${resources.jobs.sync.id}"]


def test_every_job_of_ours_stands_in_some_workflow():
    in_workflows = {Path(task["spark_python_task"]["python_file"]).stem for _, task in TASKS.values()}
    local_only = {"run_pipeline", "write_report"}  # the chain of one session, and the page it ends with

    assert {script.stem for script in Path("jobs").glob("*.py")} - local_only == in_workflows


def test_there_is_a_development_and_a_production_target():
    assert {name: target["mode"] for name, target in BUNDLE["targets"].items()} == {
        "dev": "development",
        "prod": "production",
    }


def test_the_wheel_that_tasks_install_is_the_one_that_is_built():
    assert BUNDLE["artifacts"]["wheel"]["type"] == "whl"
    assert all({"whl": "./../dist/*.whl"} in task["libraries"] for _, task in TASKS.values())
