# Every target is one thing a person does; `make help` lists them.
PYTHON ?= python3
ENV ?= dev
# Tests of one file share a stack, so they stay together; each worker has one of its own.
WORKERS ?= 2
# Where the `make run` listens that `make invoke` works with.
PORT ?= 4566
# The stack that is mended: that one, or with ENV=dev|prod on the command line the one on AWS.
WHERE = $(if $(filter command,$(origin ENV)),--env $(ENV),--port $(PORT))
VENV = .venv/bin/python
SAM = SAM_CLI_TELEMETRY=0 $(VENV) -m local.sam

.DEFAULT_GOAL := help
.PHONY: help run warehouse cost test test-unit test-sam check lint-template fix build deploy redrive replay invoke start-api bench lock clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: packages  ## Run it all on this machine and feed it a week of flights (ARGS=--help for options)
	@$(VENV) -m local.run $(ARGS)

warehouse: packages  ## Serve the local Redshift Data API alone (ARGS=--help for options)
	@$(VENV) -m local.redshift_data $(or $(ARGS),--port 4510 --data .local/redshift)

cost: packages  ## Print what it would cost a month: make cost ENV=dev|prod ARGS="LoadWindowSeconds=60"
	@$(VENV) -m local.cost $(ENV) $(ARGS)

test: test-packages sam-packages lint-packages  ## Run every test but test-sam's (WORKERS=0 one after the other)
	$(VENV) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-unit: test-packages  ## Run the tests that take seconds
	$(VENV) -m pytest tests/unit tests/template -m 'not slow' $(ARGS)

test-sam: build test-packages  ## Run every function and the endpoint in containers, by `sam local` (needs Docker)
	TEST_SAM=1 $(VENV) -m pytest tests/sam $(ARGS)

check: test-packages sam-packages lint-template  ## Lint, types, formats and the template; changes nothing
	$(VENV) -m ruff check . && $(VENV) -m ruff format --check . && $(VENV) -m mypy
	$(SAM) validate --lint

lint-template: packages lint-packages  ## Check template, policies, source and secrets, offline
	@$(VENV) -m local.lint

fix: test-packages  ## Mend what the linter and the formatter can mend
	$(VENV) -m ruff check --fix . ; $(VENV) -m ruff format .

build: packages sam-packages  ## Build the functions and the layer for AWS (needs python3.13)
	$(SAM) build

deploy: build  ## Deploy to AWS: make deploy ENV=dev|prod (nothing else changes the cloud but redrive, replay)
	$(SAM) deploy --config-env $(ENV) $(ARGS)

redrive: packages  ## Send dead letters back to where they failed (ARGS=quarantine: events that are valid by now)
	@PYTHONPATH=src $(VENV) -m local.recovery.redrive $(WHERE) $(ARGS)

replay: packages  ## Announce batches again: make replay FROM=2026-11-29 TO=2026-11-30 (ARGS=--reload: lost events)
	@PYTHONPATH=src $(VENV) -m local.recovery.replay $(WHERE) --from '$(FROM)' --to '$(TO)' $(ARGS)

invoke: build  ## Invoke one function in a container, beside a `make run`: make invoke FN=StageBatch EVENT=stage_batch
	@$(VENV) -m local.sam_local --cloud $(PORT) invoke $(FN)Function --event events/$(EVENT).json $(ARGS)

start-api: build  ## Serve the endpoint from containers on port 3000, beside a `make run`
	@$(VENV) -m local.sam_local --cloud $(PORT) start-api $(ARGS)

bench: test-packages  ## Measure, and print the ratios that the README quotes
	PYTHONPATH=src $(VENV) -m benchmarks $(ARGS)

lock:  ## Resolve requirements/*.in anew
	@$(PYTHON) local/bootstrap.py .venv-lock requirements/lock.txt
	.venv-lock/bin/python -m local.lock

clean:  ## Remove everything that was made here, running state included
	rm -rf .venv .venv-sam .venv-lint .venv-lock .local .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis build

# --- what the targets need -------------------------------------------------------------------
.PHONY: packages test-packages sam-packages lint-packages
packages:
	@$(PYTHON) local/bootstrap.py .venv requirements/local.txt

test-packages:
	@$(PYTHON) local/bootstrap.py .venv requirements/test.txt
	@$(PYTHON) local/bootstrap.py .venv requirements/flights.txt

lint-packages:
	@$(PYTHON) local/bootstrap.py .venv-lint requirements/lint.txt

sam-packages:
	@$(PYTHON) local/bootstrap.py .venv-sam requirements/sam.txt
