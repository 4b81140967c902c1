# Every target is one line of real tools. `make run` is what to type first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help run up down test faults soak bundle bundle-test deploy compose-test compose-password compose-lock lint format lock bench clean

MODEL = churn
DATA =
PARAMS =
FLOW =
SCENARIO =
TIMES = 1
RUNS = 200
AIRFLOW = 3.3
BUCKET =
ENVIRONMENT =
DRY_RUN =
# As variables, so that no shell reads what a person typed.
export MODEL DATA PARAMS FLOW SCENARIO TIMES RUNS AIRFLOW BUCKET ENVIRONMENT
# What another project has set up in this terminal plays no part.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
DEV := .venv/.synced
SAGEMAKER := .venv-sagemaker/.synced
AIRFLOW_3_2 := .venv-airflow-3.2/.synced
MWAA := .venv-mwaa
# A file stays in one process, with what its tests share; more than four would wait for one file.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
  --python-version 3.12

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-25s%s\n", $$1, $$2}'

run: $(DEV) ## take a model from a file to the registry [MODEL=churn] [DATA=path] [PARAMS=json] [FLOW=drift|performance]
	@exec $(BIN)/python -m laptop run --model "$$MODEL" --data "$$DATA" --params "$$PARAMS" --flow "$$FLOW" \
	  --scenario "$$SCENARIO"

up: $(DEV) ## start the same system and leave it running, with the UI on 127.0.0.1:8080
	@exec $(BIN)/python -m laptop up

down: $(DEV) ## stop what `make up` started; what it has stored stays in .local
	@exec $(BIN)/python -m laptop down

test: lint $(SAGEMAKER) $(AIRFLOW_3_2) $(MWAA)-3.3/.synced ## style, types, import contracts and all tests but those that take minutes each
	$(BIN)/python -m pytest -m "not long" $(SIDE_BY_SIDE)

faults: $(DEV) $(if $(filter 3.2,$(AIRFLOW)),$(AIRFLOW_3_2)) ## inject the faults of the matrix, say which rows held, and fail unless each did that must [TIMES=1] [AIRFLOW=3.2]
	$(if $(filter 3.2,$(AIRFLOW)),.venv-airflow-3.2/bin,$(BIN))/python -m pytest tests/faults --whole --times "$$TIMES"

soak: $(DEV) ## train RUNS models while processes are killed at random, and count what came out [RUNS=200]
	PYTHONPATH=.:plugins $(BIN)/python -m tests.faults.soak --runs "$$RUNS"

bundle: $(DEV) ## make what MWAA is given, in dist/ [AIRFLOW=3.2]
	@$(BIN)/python -m mwaa bundle --airflow "$$AIRFLOW"

bundle-test: $(DEV) $(MWAA)-$(AIRFLOW)/.synced ## lay the bundle out as MWAA does, on its packages alone, and run it [AIRFLOW=3.2]
	$(BIN)/python -m pytest tests/mwaa --mwaa "$$AIRFLOW"

deploy: $(DEV) ## bring the bundle to an environment and prove it there BUCKET= ENVIRONMENT= [AIRFLOW=3.2] [DRY_RUN=1]
	@$(BIN)/python -m mwaa deploy --airflow "$$AIRFLOW" --bucket "$$BUCKET" --environment "$$ENVIRONMENT" $(if $(DRY_RUN),--dry-run)

lint: $(DEV) ## style, format, types and import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy .
	PYTHONPATH=.:plugins $(BIN)/lint-imports

format: $(DEV) ## give the code its one format
	$(BIN)/ruff format

compose-test: $(DEV) ## build the containers, run a training in them, restart each while it runs, and take them down
	@docker info >/dev/null || { echo "error: no Docker engine answers, and this test is about one" >&2; exit 1; }
	$(BIN)/python -m pytest -rA --durations 0 tests/compose

compose-password: ## the password of the user admin, where the containers run
	@docker compose exec api-server cat /var/lib/perennial/login/passwords.json

lock: $(DEV) ## pin all environments anew, from MWAA's own constraints and lists
	$(COMPILE) requirements-dev.in -c constraints.txt -o requirements-dev.lock
	$(COMPILE) requirements-sagemaker.in -o requirements-sagemaker.lock
# uv keeps what the file it writes to has pinned already, where it can.
	cp requirements-dev.lock requirements-airflow-3.2.lock
	$(COMPILE) requirements-airflow-3.2.in -o requirements-airflow-3.2.lock
	for image in mwaa/images/*; do $(COMPILE) --no-annotate $$image/packages.txt -o $$image/packages.lock || exit; done
	$(MAKE) compose-lock

# After the developers' lock: the images hold what that holds, or less.
compose-lock: $(DEV)
	$(COMPILE) docker/build.in -c constraints.txt -o docker/build.lock
	for image in ml localaws airflow; do $(COMPILE) docker/$$image.in -c requirements-dev.lock -o docker/$$image.lock; done

bench: $(DEV) ## measure what is claimed about speed and quality
	$(BIN)/python -m benchmarks

clean: $(DEV) ## stop the system and forget all it has stored
	$(BIN)/python -m laptop down
	rm -rf .local

# An environment is made again only when its lock has changed. $(1): its folder, $(2): its lock.
IS_3_12 := -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))'
define environment
	@found=; for python in python3.12 python3 python; do \
	  if $$python $(IS_3_12) 2>/dev/null; then found=$$python; break; fi; done; \
	if [ -z "$$found" ]; then echo "error: Python 3.12 is needed and none of python3.12, python3 and python is it; install it, for example from python.org" >&2; exit 1; fi; \
	if ! $(1)/bin/python $(IS_3_12) 2>/dev/null; then echo "making $(1) with $$($$found --version)"; $$found -m venv --clear $(1); fi
	@if [ ! -x $(BIN)/uv ]; then $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt uv; fi
	$(BIN)/uv pip sync --python $(1)/bin/python --compile-bytecode --require-hashes $(2)
	@touch $@
endef

$(DEV): requirements-dev.lock
	$(call environment,.venv,$<)

# The AWS CLI and the SageMaker SDK cannot live beside Airflow 3; here they test localaws.
$(SAGEMAKER): requirements-sagemaker.lock $(DEV)
	$(call environment,.venv-sagemaker,$<)

# The Airflow before: the DAGs, the plugin and the operators work there too.
$(AIRFLOW_3_2): requirements-airflow-3.2.lock $(DEV)
	$(call environment,.venv-airflow-3.2,$<)

# What MWAA's images hold, and nothing else: there the bundle is tried.
$(MWAA)-%/.synced: mwaa/images/%.*/packages.lock $(DEV)
	$(call environment,$(@D),$<)
