.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UV_VERSION := 0.13.9

$(INSTALLED): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

.PHONY: help install demo down doctor test check format lock
help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

install: $(INSTALLED) ## Install everything into .venv from the pinned, hashed lock file

demo: install ## Run the whole system on real data (DETACH=1 returns when all is healthy; ARGS="..." for options)
	$(BIN)/parcours demo $(if $(DETACH),--detach) $(ARGS)

down: install ## Stop what `make demo DETACH=1` left running
	$(BIN)/parcours down

doctor: install ## Check ports, disk, database, models and services, and say what to do
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

lock: install ## Write the lock files anew from pyproject.toml (needs the network)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	infra/requirements/lock.sh $(BIN)/uv
