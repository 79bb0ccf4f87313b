# Everything starts here, on a fresh clone with Python >= 3.11 and make:
#   make demo       set up, then three nations on this machine; make demo ARGS="--headless --out out"
#   make test       set up, then the tests of every commit
#   make test-long  the long tests
#   make check      linters, types, layers, the page's types (make -k check: all of them, whatever fails)
#   make format     what the linter can mend by itself
#   make lock       new hash-locked requirements from the .in files
#   make clean      remove everything that make made
# What has been done is remembered by stamps in .venv, so the second time is quick.

PYTHON ?= $(firstword $(foreach python,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
    $(python) -c 'import sys; print("$(python)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
WORKERS ?= 2
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check

SOURCES := $(shell find src/beaconfire -name '*.py' -not -path '*/console/*')
PAGE := src/beaconfire/console/dist/index.html
PAGE_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/build-test/*')
PAGE_PACKAGES := web/node_modules/.package-lock.json
IN_WEB := cd web && PATH="$(abspath $(BIN)):$$PATH"

# The machine's Node if it is new enough, else the one that pip installs into .venv.
NODE_IS_NEW := node -e 'const [a, b] = process.versions.node.split(".").map(Number); \
    process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null

.PHONY: demo test test-long check format lock clean
.PHONY: setup lint types layers page-types
.DELETE_ON_ERROR:

demo: $(STAMPS)/runtime $(PAGE) $(STAMPS)/warm
	@$(BIN)/beaconfire demo $(ARGS)

test: setup
	$(if $(wildcard web/vite.test.config.ts),$(IN_WEB) npm test --silent)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

test-long: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m long --timeout 3600 $(ARGS)

check: lint types layers page-types

lint: $(STAMPS)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMPS)/development
	$(BIN)/mypy

layers: $(STAMPS)/development
	$(BIN)/lint-imports

page-types: $(PAGE_PACKAGES) $(STAMPS)/runtime
	$(IN_WEB) npm run --silent check

format: $(STAMPS)/development
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock:
	$(MAKE) $(STAMPS)/development
	$(call compile,requirements.lock,requirements.in requirements-build.in)
	$(call compile,requirements-dev.lock,-c requirements.lock requirements.in requirements-build.in requirements-dev.in)
	$(call compile,requirements-node.lock,requirements-node.in)

compile = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate $(UPGRADE) -o $(1) $(2)

clean:
	rm -rf $(VENV) web/node_modules web/build-test src/beaconfire/console/dist out build dist \
	    .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(STAMPS)/development $(PAGE) $(STAMPS)/warm

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Beaconfire needs Python 3.11 or newer; none was found (make PYTHON=/path/to/python)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The packages a user of the command needs, and the command itself.
$(STAMPS)/runtime: requirements.lock pyproject.toml | $(BIN)/python
	@mkdir -p $(STAMPS)
	@echo "Installing the packages of requirements.lock into $(VENV) (about a minute, once)"
	$(PIP_INSTALL) --require-hashes -r requirements.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(STAMPS)/development: requirements-dev.lock $(STAMPS)/runtime
	@echo "Installing the packages of requirements-dev.lock into $(VENV)"
	$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

$(STAMPS)/node: | $(BIN)/python
	@mkdir -p $(STAMPS)
	@$(NODE_IS_NEW) || { echo "No Node >= 20.19 here; installing one into $(VENV)"; \
	    $(PIP_INSTALL) --require-hashes -r requirements-node.lock; }
	@touch $@

$(PAGE_PACKAGES): web/package-lock.json web/.npmrc $(STAMPS)/node
	$(IN_WEB) npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE): $(PAGE_PACKAGES) $(PAGE_SOURCES)
	$(IN_WEB) npm run --silent build -- --logLevel warn
	@touch $@

# Numba compiles once and keeps the machine code on disk; done here so that no test and no node pays for it.
$(STAMPS)/warm: $(STAMPS)/runtime $(SOURCES)
	$(BIN)/beaconfire warm
	@touch $@
