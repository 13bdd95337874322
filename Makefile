# The front door: every target works on a fresh machine with Python 3.11 or newer and make.
PYTHON ?= python3
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo stack test lint bench docs collector audit clean

demo: .venv-demo/installed ## Watch a small fleet of scripted agents fail, each in its own way
	.venv-demo/bin/loopwatch demo

stack: .venv/installed ## Run it all for real: Collector, loopwatch, Prometheus, Alertmanager, agents; ARGS="--help"
	.venv/bin/python -m stack $(ARGS)

test: .venv/installed ## Run all tests; what needs an absent component skips and says why
	.venv/bin/pytest

lint: .venv/installed ## Types, style, layers, and generated files that are out of date
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python semconv/generate.py --check
	.venv/bin/python -m dashboards.build --check

bench: .venv/installed ## Measure loopwatch beside the Collector on this machine, a quarter of an hour; ARGS="--quick"
	.venv/bin/python -m bench $(ARGS)

docs: .venv/installed ## Write the generated parts of the documentation and the dashboards anew
	.venv/bin/python semconv/generate.py
	.venv/bin/python docs/generate.py
	.venv/bin/python -m docs.figures.build
	.venv/bin/python -m dashboards.build

collector: ## Build the OpenTelemetry Collector of the tests and the stack, once, with Go; prints where it is
	$(PYTHON) -m stack.collector

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python $(PIP_INSTALL) --editable '.[dev]'
	touch $@

.venv-demo/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/python $(PIP_INSTALL) --editable '.[processor,otlp]'
	touch $@

audit: .venv-audit/installed ## Look the pinned versions up in the public databases of vulnerabilities; fails offline
	.venv-audit/bin/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt

.venv-audit/installed:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check 'pip-audit>=2.9,<3'
	touch $@

clean: ## Remove what the other targets made
	rm -rf .venv .venv-demo .venv-audit .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
