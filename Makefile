# Extask: what to type. `make setup` asks for nothing but Python 3.11 or later.

PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
# One by one: what may take long is first in line (tests/conftest.py).
DEALT = --dist load --maxschedchunk 1
PYTEST = $(BIN)/pytest -n $(WORKERS) $(DEALT) -m "not prove"
MEASURED = $(addprefix --ignore=,$(UNMEASURED)) --cov --cov-append --cov-report=
# Tests of rooms that know no database: to measure them without greenlets takes a fifth of the time.
PURE := $(addprefix tests/unit/,cli core definition distribution editor engine simulation)
# Tests of what other tests cover as well, or of processes of their own: to measure takes a third
# of the time.
UNMEASURED := $(addprefix tests/,acceptance chaos editor reference replay theory \
  $(addprefix api/test_,crossing_pools.py fuzzed.py live_configuration.py promises.py) \
  $(addprefix unit/,cli/test_forecast_pages.py definition/test_fuzz_many.py \
    distribution/test_promises.py distribution/test_properties.py storage/test_settling.py) \
  workflow/test_same_as_dry_run.py workflow/test_slots.py)

.PHONY: setup run test check prove bench lock postgres editor

# Make .venv with exactly the locked packages and this project in it.
setup: .venv/.stamp

.venv/.stamp: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "installing the locked packages into .venv …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

# Start the whole house on this machine: Temporal, worker, API and a sample tenant; Ctrl-C ends it.
run: setup
	$(BIN)/extask dev

# Run the tests, those on PostgreSQL included.
test: setup postgres editor
	$(PYTEST)

# Hold everything against its gates: style, types, arrows, all that `make test` runs, coverage.
check: setup postgres editor
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/coverage erase
	EXTASK_GREENLETS=thread $(PYTEST) $(MEASURED) $(PURE)
	$(PYTEST) $(MEASURED) $(addprefix --ignore=,$(PURE))
	EXTASK_MEASURE_DEV=yes $(PYTEST) $(UNMEASURED)
	$(BIN)/coverage combine --append --quiet
	@$(call gate,100,--include='extask/*')
	@$(call gate,95,)

# Run what takes long: everything on PostgreSQL with long properties, then with nothing cached
# (each step replays a whole history, so a distributor's is kept short; a hundred tasks asked at
# once, as the promises are, are too many for a worker that replays).
prove: setup postgres
	HYPOTHESIS_PROFILE=prove EXTASK_TESTS_ON=postgresql $(BIN)/pytest -n $(WORKERS) $(DEALT)
	EXTASK_WORKER_MAX_CACHED_WORKFLOWS=0 EXTASK_WORKER_CONTINUE_AS_NEW_AFTER=60 \
	  $(BIN)/pytest -n $(WORKERS) $(DEALT) -m "not prove" \
	  --ignore=tests/api/test_promises.py tests/workflow tests/api tests/acceptance

# Print the benchmarks' ratios.
bench: setup
	$(BIN)/python -m bench

# Write both lock files anew from pyproject.toml (needs `uv`; names no address).
lock:
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
	  pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
	  pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

# Make sure that PostgreSQL's programs are there: the storage tests start a server of their own.
postgres:
	@command -v pg_ctl >/dev/null || ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1 \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	       && apt-get update -qq && apt-get install -y -qq postgresql >/dev/null; } \
	  || { echo "the tests need PostgreSQL: sudo apt-get install postgresql" >&2; exit 1; }

# Install the YAML language server that editors use, to try our schema in; without npm its tests
# are skipped.
editor: tests/editor/node_modules/.stamp

tests/editor/node_modules/.stamp: tests/editor/package-lock.json
	@if command -v npm >/dev/null; then \
	  cd tests/editor && npm ci --ignore-scripts --silent && touch node_modules/.stamp; \
	else echo "without npm, the tests in tests/editor are skipped" >&2; fi

# A coverage gate that speaks only when it fails: $(1) per cent of what $(2) picks.
define gate
report=$$($(BIN)/coverage report --skip-covered --show-missing --fail-under=$(1) $(2)) \
  || { echo "$$report"; exit 1; }
endef
