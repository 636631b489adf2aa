# make help lists the verbs. Everything runs in .venv, which tools/setup.sh makes from the lock file.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?=
export PYTHON
MDLC := .venv/bin/mdlc
PYTEST := .venv/bin/python -m pytest -q
# A file's tests stay together, for what they share; tests/conftest.py says how many processes.
WORKERS ?= auto
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
FLIGHTS := examples/01-flight-delays/lifecycle.yaml

##@ Use
.PHONY: life
life: setup ## Set everything up and live a year: train on flights, serve, watch, retrain, report
	$(MDLC) run $(FLIGHTS)
	$(MDLC) replay $(FLIGHTS)
	$(MDLC) report $(FLIGHTS)

.PHONY: loop
loop: setup ## See the loop close in minutes: drift, alert, retraining, promotion, all-clear
	@tools/system-packages.sh
	$(MDLC) rehearse $(FLIGHTS)

.PHONY: digits
digits: setup ## The second example: images, a convolutional network, a SavedModel
	$(MDLC) run examples/02-digits/lifecycle.yaml
	$(MDLC) report examples/02-digits/lifecycle.yaml

.PHONY: air-time
air-time: setup ## The third example: regression with unequal costs
	$(MDLC) run examples/03-air-time/lifecycle.yaml
	$(MDLC) report examples/03-air-time/lifecycle.yaml

##@ Develop
.PHONY: setup
setup: ## Make .venv from requirements.lock, if it is not up to date
	@tools/setup.sh

.PHONY: test
test: setup ## Set everything up, check the code, run all tests
	@tools/system-packages.sh
	@$(MAKE) --no-print-directory lint
	$(PYTEST) $(PARALLEL)

.PHONY: test-cluster
test-cluster: setup ## Only the tests on the cluster that KUBECONFIG names
	$(PYTEST) -m cluster --cluster

.PHONY: test-fast
test-fast: setup ## Only the tests that take no browser, no server and no whole pipeline
	$(PYTEST) $(PARALLEL) -m "not slow and not services"

.PHONY: lint
lint: setup ## Style, types, layers
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy src tests benchmarks/*.py
	.venv/bin/lint-imports

.PHONY: format
format: setup ## Format the code and mend what can be mended
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

.PHONY: bench
bench: setup ## Measure speed and size, side by side with plain kfp.local
	.venv/bin/python benchmarks/run.py

.PHONY: lock
lock: setup ## Resolve requirements.lock again from pyproject.toml
	$$(command -v uv || echo .venv/bin/uv) pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes \
		--no-emit-index-url --no-header pyproject.toml -o requirements.lock

.PHONY: image-locks
image-locks: setup ## Resolve the lock files of the images again
	@tools/image_locks.sh

.PHONY: images
images: ## Build the images with docker, podman or buildah (IMAGES="serving steps", see tools/images.sh)
	@tools/images.sh $(IMAGES)

.PHONY: manifests
manifests: setup ## Build every overlay with kustomize and check it (OVERLAYS=folder for your own)
	@.venv/bin/python -m tools.manifests $(OVERLAYS)

.PHONY: manifest-schemas
manifest-schemas: setup ## Bring the schemas that manifests are checked against from Go modules
	@.venv/bin/python -m tools.manifests.fetch

.PHONY: wheel
wheel: setup ## Build the wheel from the source distribution
	.venv/bin/python -m build

.PHONY: clean
clean: ## Delete local state of the examples and caches, not .venv
	rm -rf examples/*/.mdlc build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*##/ {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
