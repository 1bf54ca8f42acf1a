# tasks.py holds the tasks, for every system; `make` alone lists them. ARGS="chapters/penalty.ipynb" names a notebook.
# make replicate SHIFTS="5000 7000" names by how much the seeds move.
PYTHON ?= python3

.PHONY: help book test lab notebooks replicate lint bench lock clean
help:
	@$(PYTHON) tasks.py; true
book test lab notebooks replicate lint bench lock clean:
	@$(PYTHON) tasks.py $@ $(ARGS) $(SHIFTS)
