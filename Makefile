# `make demo` and `make test` are all a newcomer needs; both set the checkout up first.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
WORKERS ?= 4

.PHONY: help demo test check bench setup java chromium clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 10

demo: setup java ## the twin of a real five-table database, from nothing, in a few minutes
	@$(BIN)/twin demo

test: setup java chromium ## all tests, the slow ones last, by four workers, as processes that they start wait much; by fewer: make test WORKERS=2
	@$(BIN)/python -m pytest -q --durations=15 --numprocesses=$(WORKERS) --max-worker-restart=0

check: setup ## style, types, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup java ## a long study: make bench CASE=adult, flights, wide, schemas, queries, tpch01, tpch1, growth, gate, null, controls, dp, audit, counted or refreshes
	@$(BIN)/python -W ignore -m benchmarks.$(CASE)

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v == (3, 11) else f"Python {v[0]}.{v[1]}: wanted 3.11; next: make PYTHON=python3.11 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the pinned stack into .venv: about 3 GB, a few minutes the first time."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar on -c constraints.txt -e '.[demo,dev]'
	@touch $@

java:
	@version=$$("$${JAVA_HOME:+$$JAVA_HOME/bin/}java" -version 2>&1 | sed -nE 's/.*version "([0-9]+).*/\1/p'); \
	case "$$version" in 17|21) ;; *) \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Java 17, which Spark needs."; \
	    apt-get update -qq && apt-get install -y -qq openjdk-17-jre-headless >/dev/null; \
	  else \
	    echo "Spark needs Java 17 or 21 (found: $${version:-none}). On Debian or Ubuntu: sudo apt-get install openjdk-17-jre-headless" >&2; exit 2; \
	  fi ;; esac

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Chromium, in which the tests look at the report."; \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null; \
	  else \
	    echo "The tests look at the report in Chromium, which is not there. On Debian: sudo apt-get install chromium; on Ubuntu, where that is a snap: install google-chrome" >&2; exit 2; \
	  fi; }

clean: ## drop the workspace and what the tools left; the virtual environment stays
	rm -rf .twin .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
