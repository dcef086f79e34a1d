# Every target sets up what it needs: a virtual environment in .venv, from exact versions with hashes.
CONFIG ?= train.yaml
ARGS ?=
EXTRA ?= base
EXAMPLES ?= 20000
PORT ?= 8237
TESTS ?= tests/cluster
ADVISORIES ?=
PYTHON ?=
BIN = .venv/bin
RUN = $(BIN)/python run_pipeline.py
BENCH = $(BIN)/python benchmarks
LARGE ?= /tmp/large-data
WORKERS = -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder
LOCK = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
LOCK_ALL = $(LOCK) pyproject.toml

.PHONY: help train test fuzz test-slow test-exhaustive test-deaths test-kubeflow test-cluster benchmark benchmark-all lint format lock dashboard dashboard-stop env clean-state clean audit
.DEFAULT_GOAL := help

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

train: .venv/$(EXTRA).installed ## run the main job: CONFIG=train.yaml ARGS="--set train.epochs=3" EXTRA=gpu
	@$(RUN) --config $(CONFIG) $(ARGS)

test: .venv/dev.installed ## run the tests (RECOGNITION_DATA names CIFAR-100 for those that need it)
	$(BIN)/python -m pytest $(WORKERS)

fuzz: .venv/dev.installed ## feed nonsense to configurations, images and sources: EXAMPLES=20000 a test, 30 to 60 minutes
	EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest tests/fuzz --hypothesis-profile nightly --hypothesis-show-statistics \
		--timeout 7200 --timeout-method thread

test-slow: .venv/dev.installed ## run the tests that take minutes: whole commands, docs/own-images.md, dashboards
	$(BIN)/python -m pytest -m slow $(WORKERS)

test-exhaustive: .venv/dev.installed ## run what the others do for some networks, recipes and kills for all of them
	$(BIN)/python -m pytest -m exhaustive -n logical --maxprocesses 8

test-deaths: .venv/dev.installed ## kill commands at each point at which they change something, and look for what was lost
	$(BIN)/python -m tests.deaths

test-kubeflow: .venv/dev.installed .venv-kubeflow/kubeflow.installed ## run the tests of the file for Kubeflow, whose compiler has .venv-kubeflow
	$(BIN)/python -m pytest -m kubeflow tests/kubeflow

test-cluster: .venv/dev.installed ## run the tests on the cluster of KUBECONFIG, in namespaces of their own: up to 40 minutes; ALLOW_CLUSTER=context
	@$(BIN)/python -m tests.cluster.permission
	$(BIN)/python -m pytest -m cluster -n 2 --dist loadfile $(TESTS)

benchmark: .venv/dev.installed ## measure what takes less than a minute each, and write the tables of results
	$(BENCH)/augmentation.py
	$(BENCH)/artifact.py
	$(BENCH)/reading.py
	$(BENCH)/table.py

benchmark-all: benchmark ## the others too, two hours: needs PyTorch (.[benchmark]), and LARGE=/tmp/large-data for 2 GB of images
	$(BENCH)/overhead.py
	$(BENCH)/growth.py
	$(BENCH)/large_data.py --folder $(LARGE)
	$(BENCH)/training.py
	$(BENCH)/evaluation.py
	$(BENCH)/data_report.py
	$(BENCH)/report.py
	$(BENCH)/serving.py
	$(BENCH)/attack.py
	$(BENCH)/prediction.py
	for recipe in train seed best; do $(BENCH)/step_profile.py --config $$recipe.yaml; done
	$(BENCH)/table.py

lint: .venv/dev.installed ## check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/dev.installed ## format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

audit: .venv/dev.installed ## compare the locked versions with known vulnerabilities: ADVISORIES=a folder of OSV files, else pip-audit asks
	@$(BIN)/python requirements/audit.py $(ADVISORIES)

lock: .venv/dev.installed ## resolve pyproject.toml into requirements/*.txt anew
	echo 'uv>=0.9,<1' | $(LOCK) --no-annotate --upgrade - -o requirements/uv.txt
	$(LOCK_ALL) --upgrade -o requirements/base.txt
	$(LOCK_ALL) --extra gpu -c requirements/base.txt -o requirements/gpu.txt
	$(LOCK_ALL) --extra dev -c requirements/base.txt -c requirements/uv.txt -o requirements/dev.txt
	$(LOCK_ALL) --extra kubernetes -c requirements/base.txt -o requirements/kubernetes.txt
	$(LOCK_ALL) --extra kubernetes-gpu -c requirements/kubernetes.txt -o requirements/kubernetes-gpu.txt
	cp requirements/kubernetes.txt requirements/kubeflow.txt # whose versions are kept where kfp allows
	$(LOCK_ALL) --extra kubeflow -o requirements/kubeflow.txt
	$(LOCK_ALL) --extra kubeflow-gpu -c requirements/kubeflow.txt -o requirements/kubeflow-gpu.txt

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

clean: ## remove the virtual environments and caches
	rm -rf .venv .venv-kubeflow .pytest_cache .mypy_cache .ruff_cache *.egg-info

.venv/%.installed: requirements/%.txt pyproject.toml
	$(call install,.venv,$*)
	@touch $@

.venv-kubeflow/%.installed: requirements/%.txt pyproject.toml
	$(call install,.venv-kubeflow,$*)
	@touch $@

# A virtual environment with what one file of requirements/ says, and this checkout.
define install
	@test -x $(1)/bin/python || { python=$$(requirements/find_python.sh $(if $(PYTHON),"$(PYTHON)")) && "$$python" -m venv $(1); }
	@echo "installing requirements/$(2).txt into $(1) (a minute or some, the first time)"
	@$(1)/bin/python requirements/install.py requirements/$(2).txt
	@$(1)/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
endef
