# `make help` lists the commands. Each sets up .venv by itself; ARGS is handed on, e.g. make test ARGS="-k journal".
PYTHON ?=
ARGS ?=
BIN = .venv/bin
# Processes and test modules are loaded again and again: their bytecode is kept, whatever the shell says.
export PYTHONDONTWRITEBYTECODE =
SETUP = @PYTHON='$(PYTHON)' sh requirements/install.sh

.PHONY: help demo test check bench faults lock wheel clean

help: ## this list
	@sed -n 's/^\([a-z]*\): .*## /make \1	/p' Makefile | expand -t 14

demo: ## the console on a simulated tenant; no network, no sign-in
	$(SETUP) demo
	@$(BIN)/omconsole demo $(ARGS)

# Tests in a terminal wait as much as they work, so there is one worker more than there are processors.
test: ## all tests but the long fault runs
	$(SETUP) dev
	@$(BIN)/python -m pytest -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist worksteal $(ARGS)

check: ## formatting, lint, types, import rules, contracts
	$(SETUP) dev
	@$(BIN)/ruff format --check --quiet . || { echo "Some files are not formatted: run $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest -q tests/contracts $(ARGS)

bench: ## the budgets, measured side by side; one line of JSON each
	$(SETUP) dev
	@status=0; for bench in tests/perf/bench_*.py; do $(BIN)/python "$$bench" $(ARGS) || status=1; done; exit $$status

faults: ## the long fault runs
	$(SETUP) dev
	@$(BIN)/python -m pytest -m faults $(ARGS)

lock: ## requirements/*.txt anew from pyproject.toml (ARGS=--upgrade for newer versions); needs uv
	@sh requirements/lock.sh $(ARGS)

wheel: ## dist/omconsole-*.whl
	$(SETUP) dev
	@$(BIN)/python -m hatchling build -t wheel

clean: ## removes what tools left behind; .venv stays
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache snapshot_report.html
	@find . -name .venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
