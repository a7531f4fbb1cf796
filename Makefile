# Two commands matter: make demo, make test. Everything else is a part of them.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
MANUAL ?=
SERVE ?= 1

.PHONY: demo serve test test-long bench-sync bench-answers lint types format sample clean

demo: $(VENV)/.runtime
	$(PY) -m kb demo --manual "$(MANUAL)"
ifeq ($(SERVE),1)
	@$(MAKE) --no-print-directory serve
endif

serve: $(VENV)/.runtime
	$(PY) -m kb serve

# Two at once, each with a PostgreSQL of its own; a file's tests stay together.
test: $(VENV)/.development lint types
	PYTHONHASHSEED=0 $(PY) -m pytest -m "not long" -n 2 --dist loadfile

test-long: $(VENV)/.development
	$(PY) -m pytest -m long

# Needs a large PDF: make bench-sync MANUAL=manual.pdf
bench-sync: $(VENV)/.development build/peers/.installed
	$(PY) -m benchmarks.bench_sync "$(MANUAL)" --peer build/peers/bin/python

# Needs the manual that benchmarks/questions/manual.jsonl asks about.
bench-answers: $(VENV)/.development build/peers/.installed
	$(PY) -m benchmarks.bench_answers "$(MANUAL)" --peers build/peers/bin/python

build/peers/.installed: benchmarks/requirements-peers.txt
	$(PYTHON) -m venv build/peers
	build/peers/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

lint: $(VENV)/.development
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/.development
	$(VENV)/bin/mypy

format: $(VENV)/.development
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

sample: $(VENV)/.development
	$(PY) -m samples.build_field_guide

$(VENV)/.runtime: requirements.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=python3.x")'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.development: $(VENV)/.runtime requirements-dev.txt
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
