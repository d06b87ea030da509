PYTHON ?= python3.11
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
export PYTHONPATH := $(CURDIR)/src:$(CURDIR)
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help demo test acceptance bench lint format docs wheel jdk lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: $(READY)  ## from real data to payload files and var/demo/report.html
	@$(RUN) -m demo.run

test: $(READY)  ## the suite
	@$(RUN) -m pytest -m "not acceptance" -n 2 --dist loadfile

acceptance: $(READY)  ## what is slow and real: a cluster, kills, the figures of the full data
	@$(RUN) -m pytest -m acceptance

bench: $(READY)  ## figures: each script prints JSON on its last line
	@for script in $(filter-out benchmarks/rendering_in_spark.py,$(wildcard benchmarks/*.py)); do echo "== $$script"; $(RUN) $$script || exit 1; done

lint: $(READY)  ## ruff, ruff format, mypy, import-linter
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy && $(VENV)/bin/lint-imports

format: $(READY)  ## put the code into ruff's format
	@$(VENV)/bin/ruff check --fix . && $(VENV)/bin/ruff format .

docs: $(READY)  ## write docs/tables.md from the declarations
	@$(RUN) -m lettermill.cli.main docs

wheel: $(READY)  ## build the wheel into dist/
	@$(RUN) -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

jdk: $(READY)  ## put a JDK 17 into .venv, for a machine without Java
	@$(RUN) -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements-jdk.txt

lock:  ## write requirements.txt anew from requirements.in (needs uv)
	@uv pip compile -q --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-package lettermill requirements.in -o requirements.txt
	@uv pip compile -q --python-version 3.11 --generate-hashes --no-annotate --no-header requirements-jdk.in -o requirements-jdk.txt

clean:  ## remove var/: tables, checkpoints, MLflow, demo files
	@rm -rf var

$(READY): requirements.txt requirements-jdk.txt
	@echo "making $(VENV) from the locked requirements ..."
	@command -v $(PYTHON) >/dev/null || { echo "no $(PYTHON): install Python 3.11, or call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps -r requirements.txt
	@$(RUN) -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --no-index -e .
	@$(RUN) -m lettermill.java || $(RUN) -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps -r requirements-jdk.txt
	@$(RUN) -m lettermill.java
	@touch $@
