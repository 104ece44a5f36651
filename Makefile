# Everything a person does with this repository. `make` alone says what there is.
# Needs Python 3.11 or newer, make and git; the rest is installed into .venv and web/node_modules.

DATA ?= data
PORT ?= 8080
NETWORK ?= network
NAME ?= publish

VENV := .venv
PYTHON := $(VENV)/bin/python
REELM := $(VENV)/bin/reelm
NPM := PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm --prefix web --no-fund --no-audit
STAMPS := .stamps
# Two at a time, a file's tests together: each worker has a realm of its own (docs/adr/0008).
SIDE_BY_SIDE ?= -n 2 --dist loadfile

WEB_SOURCES := $(shell find web/src web/public web/build -type f 2>/dev/null) \
	web/index.html web/package.json web/package-lock.json web/svelte.config.js web/tsconfig.json web/vite.config.ts

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup up dev demo network test test-all lint gen bench shots scenario browser oracle learning clean

help: ## Say what can be made
	@echo "make TARGET [DATA=folder] [PORT=number]"
	@sed -n 's/^\([a-zA-Z%-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14 | sed 's/^/  /'

up: setup ## Start the realm (its data in DATA, its address http://127.0.0.1:PORT)
	@exec $(REELM) up --data "$(DATA)" --port $(PORT)

demo: setup ## Start a realm that is already alive: people, clips, talk
	@exec $(REELM) demo --data "$(DATA)" --port $(PORT)

network: setup ## Start two networks of several realms, with people who follow each other across (data in NETWORK)
	@exec $(REELM) network demo --data "$(NETWORK)"

dev: setup ## Start the realm and a web client that reloads as you edit it
	@$(REELM) up --data "$(DATA)" --port $(PORT) & realm=$$!; trap 'kill $$realm; wait $$realm' EXIT; \
	trap 'exit 0' INT TERM; REELM_URL="http://127.0.0.1:$(PORT)" $(NPM) run dev

test: setup browser learning ## Run the tests
	@$(NPM) test --silent
	@$(PYTHON) -m pytest -m "not full" $(SIDE_BY_SIDE)

test-all: setup browser oracle learning lint ## Run the tests with the full matrices, and the linters
	@$(NPM) test --silent
	@REELM_TEST_CHANCE=1 $(PYTHON) -m pytest $(SIDE_BY_SIDE)

lint: setup ## Check style, types and boundaries
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(NPM) run check
	@$(NPM) run lint

oracle: ## Install what checks the ledger's formats independently: Go, and its library for notes and logs
	@command -v go >/dev/null 2>&1 && [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing Go for the independent check of the ledger …"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq golang-go golang-golang-x-mod-dev >/dev/null; \
	else \
		echo "This needs Go and its library. Install them (on Debian: apt-get install golang-go golang-golang-x-mod-dev) and try again." >&2; \
		exit 1; \
	fi

gen: setup ## Make what is generated: the OpenAPI snapshot and the web client's types
	@$(REELM) openapi > spec/openapi.json.new && mv spec/openapi.json.new spec/openapi.json
	@$(REELM) ledger schemas spec/ledger/schemas audit/src/reelm_audit/schemas.json
	@$(REELM) charter schema spec/charter/charter.schema.json
	@$(PYTHON) -m tests.oracle.published
	@$(PYTHON) -m tests.factories.feedvectors
	@$(NPM) run gen

bench: setup browser learning ## Measure everything (docs/measures.md)
	@set -e; for bench in bench/*.py bench/*/__main__.py; do \
	case $$bench in bench/record.py|bench/_*) continue;; bench/*/*) bench="-m bench.$$(basename $$(dirname $$bench))";; esac; \
	echo "— $$bench"; $(PYTHON) $$bench; done

bench-%: setup browser learning ## Measure one thing, for example bench-start
	@if [ -d bench/$* ]; then exec $(PYTHON) -m bench.$*; else exec $(PYTHON) bench/$*.py; fi

shots: setup browser ## Take a picture of every screen into .shots
	@$(PYTHON) -m tests.browser.shots

scenario: setup browser ## Play a scenario on a live realm and say what happens (NAME=publish)
	@$(PYTHON) -m tests.scenarios.$(NAME)

setup: $(STAMPS)/python $(STAMPS)/web ## Install or update what is needed (all other targets do it)

clean: ## Remove what was installed and built; data stays
	rm -rf $(VENV) $(STAMPS) web/node_modules src/reelm/web_client

$(PYTHON):
	@for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec $$python -m venv $(VENV); \
		fi; \
	done; \
	echo "No Python 3.11 or newer with venv was found (on Debian: apt-get install python3-venv)." >&2; exit 1

$(STAMPS)/locked: requirements.lock | $(PYTHON)
	@mkdir -p $(STAMPS)
	@echo "Installing Python packages …"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(STAMPS)/python: $(STAMPS)/locked pyproject.toml $(wildcard audit/pyproject.toml)
	@for package in . audit; do if [ -f $$package/pyproject.toml ]; then \
		$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -e ./$$package; fi; done
	@touch $@

$(STAMPS)/node: web/package-lock.json web/package.json $(STAMPS)/locked
	@echo "Installing the web client's packages …"
	@$(NPM) ci --silent
	@touch $@

$(STAMPS)/web: $(STAMPS)/node $(WEB_SOURCES)
	@echo "Building the web client …"
	@$(NPM) run build --silent
	@touch $@

browser:
	@for name in chromium chromium-browser google-chrome; do \
		command -v $$name >/dev/null 2>&1 && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing Chromium for the browser tests …"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else \
		echo "The browser tests need Chromium. Install it (on Debian: apt-get install chromium) and try again." >&2; \
		exit 1; \
	fi

# LightGBM's one system library. Without it everything works but the training of the ranker.
learning:
	@$(PYTHON) -c 'import sys; from reelm.feed.learning.library import can_train; sys.exit(not can_train())' && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing libgomp1 for the training of the ranker …"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libgomp1 >/dev/null; \
	else \
		echo "Training the ranker needs libgomp1. Install it (on Debian: apt-get install libgomp1) and try again." >&2; \
		exit 1; \
	fi
