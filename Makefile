# `make` alone lists the targets. All of them work in a fresh clone: the first one installs what is missing.

# The first Python that runs. It only has to start scripts/bootstrap.py, which finds the one that we need.
BOOTSTRAP_PYTHON = $(or $(shell for p in "$$COSN_PYTHON" python3 /usr/bin/python3 /usr/local/bin/python3 \
	python3.13 python3.14 python3.12 python; do [ -n "$$p" ] && \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null && echo "$$p" && break; done), \
	$(error There is no Python on this machine. Install Python 3.12, 3.13 or 3.14, then run make again))
BOOTSTRAP = $(BOOTSTRAP_PYTHON) scripts/bootstrap.py
PYTHON = .venv/bin/python
# Bytecode goes under var/, also where the environment forbids it beside the sources: without it every start compiles.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX = $(CURDIR)/var/pycache

# Recipe lines hold no shell syntax on purpose: make then starts the program itself, and a signal to make reaches it.

.PHONY: help run test lint format bench evidence shell manage migrations lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## everything up with the demo association, at PORT (8000); Ctrl-C stops it; ARGS=--empty without the demo
	@$(BOOTSTRAP)
	@$(PYTHON) scripts/run.py $(ARGS)

test: ## the whole test suite; ARGS="-k seats" narrows it
	@$(BOOTSTRAP) --tests --bench
	@$(PYTHON) -m pytest -n 2 --dist worksteal $(ARGS)

lint: ## everything that a machine can find wrong without running a test
	@$(BOOTSTRAP)
	@$(PYTHON) scripts/lint.py

format: ## put the code and the templates into shape
	@$(BOOTSTRAP)
	@$(PYTHON) -m ruff check --fix --quiet .
	@$(PYTHON) -m ruff format --quiet .

bench: ## measure the gate and the pages against their limits, into docs/performance.md
	@$(BOOTSTRAP) --bench
	@$(PYTHON) scripts/with_postgres.py --test $(PYTHON) -m bench $(ARGS)

evidence: ## a fresh clone with empty caches: make run timed, and the races of the tests at full size
	@$(BOOTSTRAP)
	@$(PYTHON) scripts/evidence.py $(ARGS)

shell: ## a Python shell on the demo's database
	@$(BOOTSTRAP)
	@$(PYTHON) scripts/with_postgres.py $(PYTHON) manage.py shell $(ARGS)

manage: ## a management command on the demo's database: make manage ARGS="showmigrations"
	@$(BOOTSTRAP)
	@$(PYTHON) scripts/with_postgres.py $(PYTHON) manage.py $(ARGS)

migrations: ## write migrations for changed models: make migrations ARGS="members -n add_title"
	@$(BOOTSTRAP)
	@$(PYTHON) scripts/with_postgres.py --test $(PYTHON) manage.py makemigrations $(ARGS)

lock: ## compile pyproject.toml into requirements.txt; ARGS=--upgrade takes the newest versions
	@$(BOOTSTRAP)
	@$(PYTHON) scripts/lock.py $(ARGS)
	@$(BOOTSTRAP)

clean: ## remove the environment and the caches; the demo's data under var/ stay
	@rm -rf .venv var/tools var/mypy var/pytest var/pycache var/log var/postgres-test*
