# Everything runs with the tools in .venv, which tools/install.sh brings. `make help` lists the targets.

SHELL := /bin/sh
STARTED := $(shell date +%s)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
unexport VIRTUAL_ENV

INSTALLED := .venv/.installed
UV = $(or $(wildcard .local/uv/bin/uv),uv)
REQUIREMENTS := layers/dependencies/requirements.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install up down logs env screenshots tour-fchat tour-fluxdesk test test-console test-unit test-contract test-integration \
	test-simulation test-e2e mutation rehearse rehearse-simulation rehearse-operations lint types format lock build deploy smoke \
	destroy serve validate openapi docs bench clean

help: ## List the targets
	@printf 'Ferryman, a serverless integrations hub. Targets:\n\n'
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { gsub(/[$$][$$]/, "$$", $$2); printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nPORT=8080 and STACK_PORT=4566 choose the ports of `make up`.\n'

# Runs again when the locked packages change; costs nothing otherwise.
$(INSTALLED): uv.lock pyproject.toml .python-version tools/install.sh
	@tools/install.sh

install: $(INSTALLED) ## Bring uv, Python 3.13 and the locked packages (the other targets do it by themselves)

up: $(INSTALLED) ## Start Ferryman on this machine and show its main job; harmless to repeat
	@STARTED=$(STARTED) python -m local.up

screenshots: $(INSTALLED) ## Take pictures of every screen of the console into .local/screenshots; after `make up`
	@python -m local.screenshots

tour-fchat: $(INSTALLED) ## Show FChat's endpoints and callbacks; after `make up`
	@python -m local.tour_fchat

tour-fluxdesk: $(INSTALLED) ## Show personal webhooks and notifications, in the form of FluxDesk; after `make up`
	@python -m local.tour_fluxdesk

down: $(INSTALLED) ## Stop all that `make up` started; what is stored stays
	@python -m local.down

logs: $(INSTALLED) ## Follow what the functions log
	@python -m local.logs

env: $(INSTALLED) ## Print exports that point sam, aws and boto3 to the embedded stack: eval "$$(make env)"
	@python -m local.env

test: $(INSTALLED) ## Run every check: lint, types, unit, mutation, contract, integration, simulation, e2e
	@python -m tools.checks

test-console test-unit test-contract test-integration test-simulation test-e2e: $(INSTALLED)
	@python -m tools.checks $(@:test-%=%)
test-console: ## Check the console's types against the API, lint it, hold its size
test-unit: ## Run the pure tests
test-contract: ## Run the tests of system-wide promises: template, routes, openapi.yaml
test-integration: ## Run the handlers against tables built from the template
test-simulation: ## Run the pipeline under every fault on a fake clock: 20 seeds of 400 events
test-e2e: ## Run the journeys on an embedded stack of their own

mutation: $(INSTALLED) ## Try every mutant of the pure modules, and write their scores into docs/reliability.md
	@python -m tools.mutation --write

rehearse: rehearse-simulation rehearse-operations mutation ## Run everything that is too long for `make test`

rehearse-operations: $(INSTALLED) ## Deploy, upgrade, roll back, restore and tear down on an embedded stack of its own
	@python -m local.rehearse

rehearse-simulation: $(INSTALLED) ## Run the simulation at full length: 20 seeds of a thousand events; ten minutes
	@FERRYMAN_REHEARSAL=yes python -m tools.checks simulation

lint: $(INSTALLED) ## Run the linter and check the formatting
	@python -m tools.checks lint

types: $(INSTALLED) ## Check the types
	@python -m tools.checks types

format: $(INSTALLED) ## Format the code and repair what the linter can repair
	@ruff check --fix-only --quiet .
	@ruff format .

lock: $(INSTALLED) ## Lock what pyproject.toml asks for, and export the runtime packages for the layer
	$(UV) lock
	$(UV) export --quiet --frozen --no-default-groups --no-emit-project --no-header --output-file $(REQUIREMENTS)

build: $(INSTALLED) ## Build the functions and layers for a deployment; ARCHITECTURE=x86_64 for one on x86
	@python -m tools.build

deploy: $(INSTALLED) ## Deploy ENV=dev|staging|prod to AWS; YES=1 asks nothing, PARAMETERS="Name=value" adds parameters
	@python -m tools.deployment.deploy

smoke: $(INSTALLED) ## Try what is deployed: ENV=…, TOKEN=<an API token>
	@python -m tools.deployment.smoke

destroy: $(INSTALLED) ## Delete ENV=… from AWS; its data stays unless DELETE_DATA=<data stack>
	@python -m tools.deployment.destroy

serve: $(INSTALLED) ## Serve ENV=… of the embedded stack, to try deploying on this machine, until Ctrl-C
	@python -m local.serve

validate: $(INSTALLED) ## Check the templates with sam, cfn-lint and checkov
	sam validate --lint --region us-east-1
	@python -m tools.validate

openapi: $(INSTALLED) ## Write openapi.yaml from the routes
	@python -m tools.openapi

docs: $(INSTALLED) ## Write the generated parts of docs/ from the template and the event types
	@python -m tools.docs

bench: $(INSTALLED) ## Measure what things cost: calls, CPU, dollars, each against its goal; some minutes
	@python -m bench

clean: $(INSTALLED) ## Stop the embedded stack and forget its data and all builds
	@python -m local.clean
