# Extask: what to type. `make setup` asks for nothing but Python 3.11 or later.

PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
HYPOTHESIS_PROFILE ?= default

.PHONY: setup run test check prove bench lock postgres

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
test: setup postgres
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not prove"

# Hold everything against its gates: style, types, arrows, tests, coverage, lock files.
check: setup postgres
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not prove" --cov --cov-report=
	@$(call gate,100,--include='extask/*')
	@$(call gate,95,)

# Run what takes long: everything on PostgreSQL with long properties, then with nothing cached
# (each step replays a whole history, so a distributor's is kept short).
prove: setup postgres
	HYPOTHESIS_PROFILE=prove EXTASK_TESTS_ON=postgresql $(BIN)/pytest -n $(WORKERS) --dist worksteal
	EXTASK_WORKER_MAX_CACHED_WORKFLOWS=0 EXTASK_WORKER_CONTINUE_AS_NEW_AFTER=60 \
	  $(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not prove" \
	  tests/workflow tests/api tests/acceptance

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

# A coverage gate that speaks only when it fails: $(1) per cent of what $(2) picks.
define gate
report=$$($(BIN)/coverage report --skip-covered --show-missing --fail-under=$(1) $(2)) \
  || { echo "$$report"; exit 1; }
endef
