# Every target sets itself up from nothing: the virtual environment is made from the pinned
# versions and made again when these change.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
TESTS  ?= tests
# Two workers by default: the tests are written to run beside each other.
JOBS   ?= 2

.PHONY: help run test check bench clean format

help:
	@echo "make run     set up and run the main job on a fresh example site"
	@echo "make test    set up and run the tests (TESTS=path, JOBS=n)"
	@echo "make check   format, lint, types, floors, tests: what must pass before a commit"
	@echo "make bench   ratios against other programs"
	@echo "make format  rewrite the sources in the one format"
	@echo "make clean   remove what the other targets made"

$(READY): requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-build-isolation --no-deps --editable .
	@touch $@

run: $(READY)
	scripts/run

test: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TESTS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TESTS)

bench: $(READY)
	scripts/bench

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist site src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
