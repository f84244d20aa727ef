# Two commands for a newcomer: `make brief` and `make test`.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt

.PHONY: brief test slow explore lint seeds clean

brief: $(VENV)/.installed
	$(BIN)/island-response brief --out brief --overwrite

test: $(VENV)/.tested
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow and not browser"

slow: $(VENV)/.tested
	$(BIN)/python -m pytest -n auto --dist loadfile -m "slow or browser"

# Property tests with examples that nobody has tried before; the other targets always try the same.
explore: $(VENV)/.tested
	ISLAND_RESPONSE_EXAMPLES=new $(BIN)/python -m pytest -n auto --dist loadfile -m "not browser"

lint: $(VENV)/.linted
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

seeds: $(VENV)/.installed
	$(PIP) -e ".[seeds]"
	$(BIN)/python -m seeds.build

clean:
	rm -rf $(VENV) brief

$(VENV)/.venv:
	$(PYTHON) -m venv $(VENV)
	@echo made > $@

$(VENV)/.installed: $(VENV)/.venv pyproject.toml constraints.txt
	$(PIP) -e .
	@echo made > $@

$(VENV)/.tested: $(VENV)/.installed
	$(PIP) -e ".[test]"
	@echo made > $@

$(VENV)/.linted: $(VENV)/.tested
	$(PIP) -e ".[lint]"
	@echo made > $@
