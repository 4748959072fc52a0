# make demo: set up, then judge a folder of real models and a package, some poisoned (harmlessly); sign, verify, convert
# make test: set up, then every check and every test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SIGNED := build/demo
SOURCES := $(shell find src -name '*.py' -o -name '*.tsv' -o -name '*.json') pyproject.toml setup.py

.PHONY: demo test lint bench clean

demo: $(VENV)/demo
	$(BIN)/python tools/demo.py demo
	@# What is poisoned must be blocked: status 1.
	$(BIN)/weighmaster vet demo; test $$? -eq 1
	@# What the source of a project loads, and how.
	$(BIN)/weighmaster inventory demo/project
	@rm -rf $(SIGNED); mkdir -p $(SIGNED)/model; cp demo/model.safetensors demo/README.md $(SIGNED)/model
	$(BIN)/weighmaster keygen $(SIGNED)/private.pem $(SIGNED)/public.pem
	$(BIN)/weighmaster sign $(SIGNED)/model --key $(SIGNED)/private.pem
	$(BIN)/weighmaster verify $(SIGNED)/model --public-key $(SIGNED)/public.pem
	@# A copy that was tampered with must be refused: status 1.
	cp -r $(SIGNED)/model $(SIGNED)/copy; echo 'import os' > $(SIGNED)/copy/sitecustomize.py
	$(BIN)/weighmaster verify $(SIGNED)/copy --public-key $(SIGNED)/public.pem; test $$? -eq 1
	@# The numbers of a poisoned checkpoint, of which nothing is run.
	$(BIN)/weighmaster convert demo/checkpoint.pkl $(SIGNED)/clean.safetensors --select weights --key $(SIGNED)/private.pem
	$(BIN)/weighmaster vet --quiet $(SIGNED)/clean.safetensors

test: lint $(VENV)/test
	PYTHONPATH=src $(BIN)/python -m pytest -n auto --dist loadgroup
	WEIGHMASTER_COMPILED=1 $(BIN)/python -m pytest -n auto --dist loadgroup tests/machine tests/advisories tests/reading/test_follower.py tests/knowledge tests/formats/test_python.py tests/test_hostile.py \
		tests/test_hostile_packages.py tests/tools/test_fuzz.py

lint: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=src $(BIN)/lint-imports

bench: $(VENV)/bench
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build demo src/*.egg-info

$(VENV)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

$(VENV)/installed: $(VENV)/python $(SOURCES)
	$(BIN)/python -m pip install --quiet --force-reinstall --no-deps .
	$(BIN)/python -m pip install --quiet .
	touch $@

$(VENV)/demo: $(VENV)/installed pyproject.toml
	$(BIN)/python -m pip install --quiet --group demo
	touch $@

$(VENV)/test: $(VENV)/installed pyproject.toml
	$(BIN)/python -m pip install --quiet --group lint --group test
	touch $@

# The peers have needs of their own, which must not meet ours: each lives in a folder of its own.
$(VENV)/bench: $(VENV)/test benchmarks/peers.txt
	$(PYTHON) -m venv $(VENV)/peers
	$(VENV)/peers/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/peers/bin/python -m pip install --quiet -r benchmarks/peers.txt
	touch $@
