# The tasks of the course; `make help` lists them. README.md and CONTRIBUTING.md give the commands behind each, for Windows.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
DISK_NEEDED_MB := 3000
NEWEST_TESTS := data evidence exercises knobs numerics together

.PHONY: help python book class-book pdf test test-variants test-binder test-newest notebooks lab bench class-figures \
	address links audit lint lock clean
.DEFAULT_GOAL := help

help:  ## List the tasks
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

book: .venv/.ready  ## Build the book into _build/html; a warning is an error
	@$(BIN)/jupyter-book build . --all -W -n --keep-going
	@echo; echo "The book is ready: open _build/html/index.html in a browser."

class-book: .venv/.ready  ## Build the book without solutions into _build/class
	@REGBOOK_SOLUTIONS=hide $(BIN)/jupyter-book build . --all -W -n --keep-going --path-output _build/class
	@echo; echo "The book for a class is ready: open _build/class/_build/html/index.html in a browser."

pdf: .venv/.ready-dev book  ## Print the book into _build/regularisation.pdf; needs Chromium
	@$(BIN)/python tools/print_book.py

test: .venv/.ready-dev lint book  ## Check everything: style, book, package, and every printed number
	@$(BIN)/python -m pytest

test-variants: .venv/.ready-dev  ## Run every notebook under other processor and thread settings too
	@$(BIN)/python -m pytest -n 0 -m variants

test-binder: .venv/.ready-dev book  ## Build the course as Binder does, and run every notebook there; needs Chromium
	@$(BIN)/python tools/binder.py
	@$(BIN)/python -m pytest --dist=load -m binder tests/test_binder.py
	@cat _build/binder/memory.txt

# Digits may move, so nbval only runs the cells: a claim that fails stops its cell. And from TensorFlow 2.21 on, nothing
# keeps its import from writing to stderr.
test-newest: | python  ## Run the course against the newest releases of its packages: its claims must hold
	@$(PYTHON) -m venv .venv-newest
	@$(PYTHON) tools/newest.py > .venv-newest/newest.txt
	@.venv-newest/bin/pip install --quiet --disable-pip-version-check --upgrade --upgrade-strategy eager \
		-r .venv-newest/newest.txt pytest-xdist
	@.venv-newest/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@.venv-newest/bin/pip list --disable-pip-version-check | grep -iE '^(tensorflow|keras|numpy|sci|matplotlib)'
	@.venv-newest/bin/python -m pytest -o addopts= -o filterwarnings=default --nbval-lax --nbval-current-env \
		-n 2 --dist=loadscope --tb=short -ra -k "not print_nothing_on_stderr" chapters $(NEWEST_TESTS:%=tests/test_%.py)

notebooks: .venv/.ready  ## Run the notebooks in place: the one way to change a stored number
	@$(BIN)/python tools/run_notebooks.py $(NOTEBOOKS)

lab: .venv/.ready  ## Open the course in JupyterLab
	@$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/chapters/penalty.ipynb

bench: .venv/.ready  ## Measure what the chapters and fit_together cost
	@$(BIN)/python benchmarks/chapters.py
	@$(BIN)/python benchmarks/together.py architectures
	@$(BIN)/python benchmarks/together.py members
	@$(BIN)/python benchmarks/choosing.py
	@$(BIN)/python benchmarks/together.py

class-figures: test-binder  ## Measure what a class needs, for the teachers' page
	@$(BIN)/python benchmarks/classroom.py

address: .venv/.ready  ## Carry the repository's address from _config.yml to the README and other files
	@$(BIN)/python _ext/address.py

links: .venv/.ready  ## Ask every outside link of the book whether it is still there
	@$(BIN)/python tools/links.py

audit: .venv/.ready-dev  ## Compare the pins with published advisories, where a database can be reached
	@$(BIN)/python tools/audit.py

lint: .venv/.ready-dev  ## Look at style and spelling only
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . && $(BIN)/codespell

lock: .venv/.ready-dev  ## Choose the pins afresh from pyproject.toml; PACKAGES="a b" raises only those
	@$(BIN)/python tools/lock.py $(PACKAGES)

clean:  ## Remove the environment and everything that was built
	rm -rf .venv .venv-newest _build src/*.egg-info .pytest_cache .ruff_cache

python:
	@test -n "$(PYTHON)" || { \
		echo "No Python 3.11, 3.12 or 3.13 was found. Install one, or name it: make book PYTHON=/path/to/python3"; exit 1; }

# The two commands of the README, with a message and a tidy tree where they fail.
.venv/.ready: requirements.txt | python
	@test -d .venv || df -Pm . | awk 'NR == 2 && $$4 < $(DISK_NEEDED_MB) { \
		print "The environment needs $(DISK_NEEDED_MB) MB of disk here, and " $$4 " MB are free. Nothing was changed."; exit 1 }'
	@test -d .venv && old=yes; \
	echo "Setting up .venv with $(PYTHON): once, a few minutes."; \
	$(PYTHON) -m venv .venv \
		&& $(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt \
		&& $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . \
		&& touch $@ \
	|| { test -n "$$old" || rm -rf .venv src/*.egg-info; \
		echo "The packages could not be installed; the reason stands above. They come from the network:"; \
		echo "check the connection and the free disk space, then run the same command again."; exit 1; }

.venv/.ready-dev: requirements-dev.txt .venv/.ready
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt && touch $@ \
	|| { echo "The packages for the tests could not be installed; the reason stands above."; \
		echo "check the connection and the free disk space, then run the same command again."; exit 1; }
