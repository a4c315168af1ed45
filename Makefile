# The chores, one word each. `make demo` and `make test` set everything up on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test quick mutants check wheel notebooks fix setup lock clean

demo: setup  ## A synthetic bank from start to flagged rings, with a report
	$(BIN)/ringsight demo

test: check  ## Everything that CI runs
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 3 --dist loadfile  # one more than CI has cores: tests wait for disks and servers

quick: setup  ## The tests that train nothing and start no browser or server, in two minutes
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 3 --dist loadfile -m "not slow"

MUTANTS ?= *[147]
mutants: setup  ## Changes in the rules that matter (pyproject.toml), each tried by the tests; lists those that no test notices
	$(BIN)/pip install --quiet "mutmut>=3.8"
	rm -rf mutants  # what an earlier run noted of tests that have changed misleads
	OMP_NUM_THREADS=1 $(BIN)/mutmut run --max-children 2 '$(MUTANTS)'  # three of ten; all by MUTANTS='*'
	@$(BIN)/mutmut results | grep -v "not checked" || echo "every mutant was noticed"

check: setup  ## Style, types and floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@for each in tests/*/conftest.py tests/*/*/conftest.py; do $(BIN)/mypy --no-error-summary $$each || exit 1; done  # all of one name
	$(BIN)/lint-imports

wheel: setup  ## The wheel, built, installed bare and used from an empty folder
	.ci/wheel

notebooks: setup  ## Executes the notebooks on a synthetic bank and keeps their small outputs
	$(BIN)/pip install --quiet --constraint requirements.lock ipykernel nbclient umap-learn
	$(BIN)/python notebooks/execute.py

fix: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: .venv/installed

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "ringsight needs Python 3.11 or newer; name one with: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

lock: setup  ## Pin what pyproject.toml admits, without naming hosts
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --extra dev --extra review --extra postgres --strip-extras --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host -P torch==2.14.1 -P torchvision==0.29.1 --output-file requirements.lock pyproject.toml
	sed -i.bak -E "/^(nvidia-|cuda-|triton)/d" requirements.lock && rm requirements.lock.bak  # torch pins its own, by platform

clean:
	rm -rf .venv out multirun .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
