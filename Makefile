# What one needs to run and change the Photo-z Server. `make help` lists it.
#
#   make serve PORT=8080 DATA=/srv/photoz HOST=0.0.0.0 PYTHON=python3.12

.DEFAULT_GOAL := help
.PHONY: help serve test lint fuzz lock chaos cluster notebooks pictures bench clean
MAKEFLAGS += --no-print-directory
# Servers and their workers start faster when their code stays compiled.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PACKAGES := core products uws tap vospace registry pipelines webui server clients/src

# Finds a Python that is new enough, and prepares .venv with it. -P keeps the folder of the script off its path.
prepare = @for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    exec "$$python" -P server/operations/bootstrap.py $(1); \
	  fi; \
	done; \
	echo "No Python 3.11 or newer was found. Install one (on Debian and Ubuntu: sudo apt-get install python3 python3-venv)," \
	  "or name it: make $@ PYTHON=/path/to/python3.12" >&2; exit 1

# DATA and HOST count only on the command line of make: some shells have variables of these names for themselves.
given = $(if $(findstring command line,$(origin $(1))),--$(2) '$($(1))')

help:  ## List what make can do
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 8

serve:  ## Run the server on http://127.0.0.1:8000, made ready first; takes PORT=, DATA= and HOST=
	$(call prepare,serve)
	@exec $(BIN)/photoz serve $(if $(PORT),--port '$(PORT)') $(call given,DATA,data) $(call given,HOST,host)

# Memory of tests in huge pages: on a virtual machine whose page faults are dear, all that starts a process takes a fraction
# of the time. Python's own allocator cannot ask for them.
pages = GLIBC_TUNABLES=$${GLIBC_TUNABLES:-glibc.malloc.hugetlb=1} PYTHONMALLOC=$${PYTHONMALLOC:-malloc}

# Both halves run, so that one look shows everything that is wrong; the static checks run beside the tests, which wait now
# and then, and are printed after them. Three tests at once keep two processors busy: those with servers wait a third of
# their time. Long files of tests come first (tests/conftest.py), and not those with many tests.
test:  ## Run the static checks and all tests; as root on Debian, install what the tests look through
	$(call prepare,test)
	@said=$$(mktemp); $(MAKE) static >"$$said" 2>&1 & checks=$$!; \
	trap 'kill $$checks 2>/dev/null; rm -f "$$said"' EXIT; trap 'exit 130' INT TERM; \
	echo "== pytest"; $(pages) $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder --durations=40; tests=$$?; \
	wait $$checks; static=$$?; cat "$$said"; \
	[ $$static -eq 0 ] || echo "The static checks failed: see above."; \
	[ $$tests -eq 0 ] || echo "The tests failed: see above the static checks."; \
	[ $$static -eq 0 ] && [ $$tests -eq 0 ]

lint:  ## Run the static checks alone: ruff, mypy, import-linter, bandit, and pip-audit where PyPI can be reached
	$(call prepare,test)
	@failed=; $(MAKE) static || failed=1; $(MAKE) audit || failed=1; [ -z "$$failed" ]

fuzz:  ## Run the random tests with a hundred times as many cases, other ones each time; takes FUZZ=
	$(call prepare,test)
	@FUZZ=$(or $(FUZZ),100) $(BIN)/pytest -n 3 $$(grep -rl "tests.support.fuzzing" tests --include="test_*.py")

lock:  ## Write the versions of all installed libraries, with which the tests have passed
	$(call prepare,test)
	@$(BIN)/python -P server/operations/tested_versions.py write

chaos:  ## Kill parts of a deployment at random, with all long loops, and check that nothing is lost; takes ROUNDS= and SEED=
	$(call prepare,test)
	@CHAOS_ROUNDS=$(or $(ROUNDS),200) CHAOS_SEED=$(or $(SEED),$$(date +%s)) $(BIN)/pytest -x -s tests/chaos
	@LONG=1 $(BIN)/pytest -m long

# The client of Spark in .venv and Spark itself are packages of the same name, so Spark has a folder of its own.
SPARK := 4.3.0
cluster:  ## Run the tests of queries on a cluster with Apache Spark, in .spark after the first run (455 MB); needs Java 17
	$(call prepare,test)
	@[ -n "$$TEST_SPARK_HOME" ] || [ -e .spark/pyspark/jars ] || \
	  $(BIN)/python -m pip install --quiet --no-deps --target .spark pyspark==$(SPARK)
	@TEST_SPARK_HOME="$${TEST_SPARK_HOME:-.spark/pyspark}" \
	  $(BIN)/pytest $$(grep -rlE "\b(spark_remote|apache_spark)\b" tests --include="test_*.py")

.PHONY: static audit
audit:
	@echo "== pip-audit"; $(BIN)/python -P server/operations/tested_versions.py audit

static:
	@failed=; \
	echo "== ruff check"; $(BIN)/ruff check . || failed=1; \
	echo "== ruff format"; $(BIN)/ruff format --check . || failed=1; \
	echo "== mypy"; $(BIN)/mypy || failed=1; \
	echo "== import-linter"; $(BIN)/lint-imports || failed=1; \
	echo "== bandit"; $(BIN)/bandit -q -ll -c pyproject.toml -r $(PACKAGES) || failed=1; \
	[ -z "$$failed" ]

notebooks:  ## Run the notebooks of docs/notebooks against a new server, and write their pages with the outputs
	$(call prepare,test)
	@$(BIN)/python -m tests.clients.notebooks.make

mutants:  ## Change the modules that decide who may do what, one place at a time, and name what no test notices
	$(call prepare,test)
	@$(BIN)/python -m tests.mutation.run $(MODULE)

pictures:  ## Take the pictures of docs/ anew, in Chromium; takes PICTURES="landing wizard"
	$(call prepare,test)
	@$(BIN)/python -m tests.pictures.take $(PICTURES)

bench:  ## Run the benchmarks, one after the other
	$(call prepare,test)
	@failed=; for script in benchmarks/*.py; do \
	  [ -e "$$script" ] || continue; \
	  echo "== $$script"; $(BIN)/python -m "benchmarks.$$(basename "$$script" .py)" || failed=1; \
	done; [ -z "$$failed" ]

clean:  ## Remove .venv and caches; the data folder stays
	rm -rf .venv .spark .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
