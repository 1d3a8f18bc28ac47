# Needs only make and Python 3.11+; everything else goes into .venv.
PYTHON ?= $(shell .ci/interpreter)
VENV := .venv
BIN := $(VENV)/bin
COMPILED := .venv-compiled
ROOMS := server engine storage journal
PORT ?= 5432
SEED ?= 0

.PHONY: run test check format lint type links bytecode wire-record bench differential crash fuzz sim compiled run-compiled test-compiled bench-compiled clean

# The server, with its data in ./data.
run: $(VENV)/.installed bytecode
	$(BIN)/gaveldb serve --data-dir data --host 127.0.0.1 --port $(PORT)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(ARGS)

# Format, lint, types.
check: $(VENV)/.installed-dev lint type

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check $(ROOMS) tests
	$(BIN)/ruff check $(ROOMS) tests

format: $(VENV)/.installed-dev
	$(BIN)/ruff format $(ROOMS) tests
	$(BIN)/ruff check --fix $(ROOMS) tests

type: $(VENV)/.installed-dev links
	$(BIN)/mypy

# mypy cannot follow an editable install, so it is shown the package as a folder of links.
links:
	@mkdir -p build/links/gaveldb
	@for room in $(ROOMS); do ln -sfn ../../../$$room build/links/gaveldb/$$room; done
	@for file in __init__.py __main__.py py.typed; do ln -sfn ../../../server/main/$$file build/links/gaveldb/$$file; done

# Half of a first start would be compiling modules; an environment may forbid Python to keep what it has compiled.
bytecode: | $(VENV)/bin/python
	$(BIN)/python -m compileall -q $(ROOMS)

# The recorded answers of PostgreSQL to tests/wire/scripts; needs ORACLE=host:port of a PostgreSQL 18.
wire-record: $(VENV)/.installed-dev
	$(BIN)/python -m tests.wire.runner record $(ORACLE)

bench: $(VENV)/.installed-dev bytecode
	$(BIN)/python -m tests.bench $(ARGS)

differential: $(VENV)/.installed-dev
	$(BIN)/python -m tests.differential $(ARGS)

crash: $(VENV)/.installed-dev
	$(BIN)/python -m tests.crash $(ARGS)

fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m tests.fuzz $(ARGS)

sim: $(VENV)/.installed-dev
	$(BIN)/python -m tests.simulation --seed $(SEED) $(ARGS)

clean:
	rm -rf $(VENV) $(COMPILED) build *.egg-info .mypy_cache .ruff_cache .pytest_cache

# An environment in which the hot modules are C extensions (setup.py); needs a C compiler. The sources are not
# touched, and what runs from $(VENV) stays pure.
compiled: $(COMPILED)/.installed

$(COMPILED)/.installed: pyproject.toml setup.py $(shell find $(ROOMS) -name '*.py') $(VENV)/.installed-dev
	$(MAKE) links
	rm -rf build/compiled build/lib*
	GAVELDB_COMPILED=1 $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir build/compiled .
	test -d $(COMPILED) || $(BIN)/python -m venv $(COMPILED)
	$(COMPILED)/bin/python -m pip install --quiet --disable-pip-version-check "$$(ls build/compiled/*.whl)[dev]"
	$(COMPILED)/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps build/compiled/*.whl
	@touch $@

run-compiled: compiled
	$(COMPILED)/bin/gaveldb serve --data-dir data --host 127.0.0.1 --port $(PORT)

bench-compiled: compiled
	$(COMPILED)/bin/python -m tests.bench $(ARGS)

test-compiled: compiled
	$(COMPILED)/bin/python -m pytest $(ARGS)

# Installed again only when pyproject.toml has changed.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	$(BIN)/python -m compileall -q $(ROOMS)
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed
