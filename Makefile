# tasks.py holds the tasks, for every system; `make` alone lists them. ARGS="chapters/penalty.ipynb" names a notebook.
PYTHON ?= python3

.PHONY: help book test lab notebooks lint bench lock clean
help:
	@$(PYTHON) tasks.py; true
book test lab notebooks lint bench lock clean:
	@$(PYTHON) tasks.py $@ $(ARGS)
