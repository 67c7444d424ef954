.DEFAULT_GOAL := help
.PHONY: help run demo test lint types docs pictures bench clean lock

# The first Python on the PATH that the project supports; `make PYTHON=/path/to/python` says otherwise.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { command -v "$$p"; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
# The lock is complete, so nothing is left to resolve. What is imported is compiled then: most of what is installed never is.
PIP := $(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-compile

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

run: $(READY) ## ingest the sample sources into ./data and query them
	$(BIN)/copydesk run
	$(BIN)/copydesk sql "SELECT source_id, language, published_at, title FROM articles ORDER BY published_at DESC NULLS LAST"

demo: $(READY) ## a newsroom on this machine, simulated: see feeds roll over, fail and lie, and nothing get lost
	$(BIN)/python -m tests.newsroom

# Three files side by side, also on two processors: one of them often waits for a server.
test: $(READY) ## run the tests
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(READY) ## check style with ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## check types with mypy --strict
	$(BIN)/mypy

docs: $(READY) ## write the reference pages of docs/ from the code
	$(BIN)/python docs/generate.py

pictures: $(READY) ## take the pictures of the desk for docs/, with Chromium
	$(BIN)/python -m docs.pictures

bench: $(READY) ## measure accuracy over COPYDESK_CORPUS, and speed
	$(BIN)/python -m bench.run

clean: ## remove the environment, the data and what tools leave behind
	rm -rf $(VENV) data build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first has all packages; the others are parts of it, at the same versions: what serves, and what builds the package.
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
lock: $(READY) ## renew the requirements*.lock files from pyproject.toml
	$(BIN)/pip install --quiet uv
	$(COMPILE) pyproject.toml --extra dask --group dev --upgrade --output-file requirements-dev.lock
	$(COMPILE) pyproject.toml --extra dask --constraint requirements-dev.lock --output-file requirements.lock
	$(COMPILE) --group build --constraint requirements-dev.lock --output-file requirements-build.lock

# One stamp says that the environment is whole: a second call installs nothing, an edited lock does.
$(READY): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "copydesk needs Python 3.11, 3.12 or 3.13 on the PATH, or PYTHON=/path/to/it" >&2; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@echo "installing what requirements-dev.lock names into $(VENV), once"
	@$(PIP) --require-hashes --requirement requirements-dev.lock
	@$(PIP) --no-build-isolation --editable .
	@touch $@
