# Every target is one line of real tools. `make run` is what to type first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.PHONY: help run up down test lint format lock bench clean

MODEL ?= churn
DATA ?=
PARAMS ?=
export MODEL DATA PARAMS

# Tools installed for other projects, or a virtual environment that happens to be active, play no part.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME
BIN := .venv/bin
STAMP := .venv/.synced
SAGEMAKER_STAMP := .venv-sagemaker/.synced
UV_COMPILE := $(BIN)/uv pip compile --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.12

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

run: $(STAMP) ## take a model from a file to the registry [MODEL=churn] [DATA=path] [PARAMS=json]
	@exec $(BIN)/python -m laptop run --model "$$MODEL" --data "$$DATA" --params "$$PARAMS"

up: $(STAMP) ## start the same system and leave it running, UI on 127.0.0.1:8080
	@exec $(BIN)/python -m laptop up

down: $(STAMP) ## stop what `make up` started; its state stays in .local
	@exec $(BIN)/python -m laptop down

test: lint $(SAGEMAKER_STAMP) ## lint, types, import contracts and all tests
	$(BIN)/python -m pytest

lint: $(STAMP) ## style, format, types and import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy .
	PYTHONPATH=.:plugins $(BIN)/lint-imports

format: $(STAMP) ## put the code into its one format
	$(BIN)/ruff format

lock: $(STAMP) ## pin the two environments anew
	$(UV_COMPILE) requirements-dev.in -c constraints.txt -o requirements-dev.lock
	$(UV_COMPILE) requirements-sagemaker.in -o requirements-sagemaker.lock

bench: $(STAMP) ## measure what is claimed about speed and quality
	$(BIN)/python -m benchmarks

clean: $(STAMP) ## stop the system and forget its state
	$(BIN)/python -m laptop down
	rm -rf .local

