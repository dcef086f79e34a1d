# Every target sets up what it needs: a virtual environment in .venv, from exact versions with hashes.
CONFIG ?= train.yaml
ARGS ?=
EXTRA ?= base
EXAMPLES ?= 20000
PORT ?= 8237
PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
BIN = .venv/bin
RUN = $(BIN)/python run_pipeline.py
BENCH = $(BIN)/python benchmarks
LARGE ?= /tmp/large-data
LOCK = $(BIN)/uv pip compile pyproject.toml -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: help train test fuzz test-slow benchmark benchmark-all lint format lock dashboard dashboard-stop env clean-state clean
.DEFAULT_GOAL := help

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

train: .venv/$(EXTRA).installed ## run the main job: CONFIG=train.yaml ARGS="--set train.epochs=3" EXTRA=gpu
	@$(RUN) --config $(CONFIG) $(ARGS)

test: .venv/dev.installed ## run the tests (RECOGNITION_DATA names CIFAR-100 for those that need it)
	$(BIN)/python -m pytest

fuzz: .venv/dev.installed ## feed nonsense to configurations, images and sources: EXAMPLES=20000 a test, 30 to 60 minutes
	EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest tests/fuzz --hypothesis-profile nightly --hypothesis-show-statistics \
		--timeout 7200 --timeout-method thread

test-slow: .venv/dev.installed ## run the tests that take minutes: whole commands, docs/own-images.md, dashboards
	$(BIN)/python -m pytest -m slow

benchmark: .venv/dev.installed ## measure what takes less than a minute each, and write README's table
	$(BENCH)/augmentation.py
	$(BENCH)/artifact.py
	$(BENCH)/reading.py
	$(BENCH)/table.py

benchmark-all: benchmark ## the others too, an hour: needs PyTorch (.[benchmark]), and LARGE=/tmp/large-data for 2 GB of images
	$(BENCH)/overhead.py
	$(BENCH)/growth.py
	$(BENCH)/large_data.py --folder $(LARGE)
	$(BENCH)/training.py
	for recipe in train seed best; do $(BENCH)/step_profile.py --config $$recipe.yaml; done
	$(BENCH)/table.py

lint: .venv/dev.installed ## check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/dev.installed ## format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/dev.installed ## resolve pyproject.toml into requirements/*.txt anew
	$(LOCK) --upgrade -o requirements/base.txt
	$(LOCK) --extra gpu -c requirements/base.txt -o requirements/gpu.txt
	$(LOCK) --extra dev -c requirements/base.txt -o requirements/dev.txt

dashboard: .venv/base.installed ## show lineage (ZenML) and experiments (MLflow) in the browser: PORT=8237
	@$(RUN) dashboard start --port $(PORT)

dashboard-stop: .venv/base.installed ## stop both
	@$(RUN) dashboard stop

env: .venv/base.installed ## print the line that lets `zenml` and `mlflow` see the same state
	@$(RUN) env

clean-state: ## remove all runs, models, artifacts and downloads, after a question
	@folder="$${RECOGNITION_STATE:-.recognition}"; \
	printf 'Remove %s with all runs, models and downloads? [y/N] ' "$$folder"; read answer; \
	if [ "$$answer" = y ]; then \
		if [ -x $(BIN)/python ] && [ -d "$$folder/dashboard" ]; then $(RUN) dashboard stop; fi; rm -rf "$$folder" && echo removed; else echo kept; fi

clean: ## remove the virtual environment and caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache *.egg-info

.venv/%.installed: requirements/%.txt pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "error: Python 3.11 is needed, found: $$("$(PYTHON)" --version); set PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	@echo "installing requirements/$*.txt into .venv (some minutes the first time)"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/$*.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
