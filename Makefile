.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEMO := $(VENV)/.installed-demo
LOCKS := infra/requirements
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
UV_VERSION := 0.13.9

$(INSTALLED): requirements.lock $(LOCKS)/build.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r $(LOCKS)/build.lock
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $(INSTALLED) $(INSTALLED_DEMO)

# The demo does without the tools of the tests, which are larger than all the rest.
$(INSTALLED_DEMO): $(LOCKS)/demo.lock $(LOCKS)/build.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r $(LOCKS)/build.lock
	$(PIP) --require-hashes -r $(LOCKS)/demo.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $(INSTALLED_DEMO)

.PHONY: help install demo down doctor test check format lock bench bench-graphql bench-scoring bench-freshness bench-scale
help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

install: $(INSTALLED) ## Install everything into .venv from the pinned, hashed lock file

demo: $(INSTALLED_DEMO) ## Run the whole system on real data (DETACH=1 returns when all is healthy; ARGS="..." for options)
	$(BIN)/parcours demo $(if $(DETACH),--detach) $(ARGS)

down: $(INSTALLED_DEMO) ## Stop what `make demo DETACH=1` left running
	$(BIN)/parcours down

doctor: $(INSTALLED_DEMO) ## Check ports, disk, database, models and services, and say what to do
	$(BIN)/parcours doctor

test: install ## Run the tests, fast ones first
	$(BIN)/pytest

check: install ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install ## Rewrite the sources in the common format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench-scale: install ## Measure features, predictions, export and live reads by number of customers (goes on where it was; ARGS="--sizes 100000")
	$(BIN)/python -m benchmarks.scale $(ARGS)

lock: install ## Write the lock files anew from pyproject.toml (needs the network)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	infra/requirements/lock.sh $(BIN)/uv

bench: bench-graphql bench-scoring bench-freshness bench-scale ## Run all side-by-side benchmarks (each writes benchmarks/results/)

bench-graphql: install ## GraphQL reads against PostGraphile, Strawberry over an ORM, and pgbench
	$(BIN)/python -m benchmarks.graphql $(ARGS)

bench-scoring: install ## Scoring against MLflow, MLServer, BentoML and a usual FastAPI service
	$(BIN)/python -m benchmarks.scoring $(ARGS)

bench-freshness: install ## From a committed change to a new stored prediction: delay, throughput, CPU
	$(BIN)/python -m benchmarks.freshness $(ARGS)
