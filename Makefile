# Everything runs from virtual environments made here from the lock files:
# .venv/run holds what the server needs, .venv/dev what tests and checks need as well, and
# .venv/bench what a peer needs that the server is measured against.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
RUN := .venv/run/bin
DEV := .venv/dev/bin
PASSWORD := .milepost/administrator-password
RESULTS := build/tests.xml
LOCK := $(DEV)/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command "make lock" $(LOCK_ARGS)

.DEFAULT_GOAL := help
.PHONY: help serve demo test check bench growth bench-more docs pictures lock clean
.PRECIOUS: .venv/%/.locked
.DELETE_ON_ERROR:

help: ## say what can be made
	@grep -hE '^[a-z-]+:.* ## ' $(MAKEFILE_LIST) | awk -F ':.* ## ' '{printf "make %-10s  %s\n", $$1, $$2}'

serve: .venv/run/.installed $(PASSWORD) ## start a server; its data is in .milepost/data (SERVE_ARGS="…")
	@echo "The administrator's password is in $(PASSWORD)"
	MILEPOST_ADMIN_PASSWORD_FILE=$(PASSWORD) $(RUN)/milepost serve --data .milepost/data $(SERVE_ARGS)

demo: .venv/run/.installed $(PASSWORD) ## fill the server of `make serve` with living tasks (DEMO_ARGS="…")
	$(RUN)/milepost demo --password-file $(PASSWORD) $(DEMO_ARGS)

test: .venv/dev/.installed ## run every test in random order, with coverage (PYTEST_ARGS="…")
	scripts/system-packages
	@mkdir -p $(dir $(RESULTS))
	@rm -f $(RESULTS)
	$(DEV)/coverage erase
	$(DEV)/coverage run -m pytest --junit-xml=$(RESULTS) $(PYTEST_ARGS)
	$(DEV)/coverage combine --quiet
	@echo "Coverage of everything, lines and branches:"
	$(DEV)/coverage report
	@echo "Coverage of rules/, wire/ and l10n/, where every branch counts:"
	$(DEV)/coverage report --include='*/milepost/rules/*,*/milepost/wire/*,*/milepost/l10n/*' --fail-under=100

check: .venv/dev/.installed ## check format, lint, types, arrows between rooms, and docs
	$(DEV)/ruff format --check .
	$(DEV)/ruff check .
	$(DEV)/mypy
	$(DEV)/python -m pytest --quiet $(wildcard tests/test_architecture.py tests/test_docs.py)

bench: .venv/dev/.installed .venv/bench/.locked ## measure the whole budget (BENCH_ARGS="…")
	scripts/system-packages
	$(DEV)/python bench/budget.py $(BENCH_ARGS)

growth: .venv/dev/.installed ## measure how PATCH goes as things grow (BENCH_ARGS="…")
	scripts/system-packages
	$(DEV)/python bench/growth.py $(BENCH_ARGS)

bench-more: .venv/dev/.installed .venv/bench/.locked ## measure what is in no budget: see bench/
	scripts/system-packages
	$(DEV)/python bench/rendering.py
	$(DEV)/python bench/watch.py
	$(DEV)/python bench/hotpath.py
	$(DEV)/python bench/overload.py
	$(DEV)/python bench/console.py
	$(DEV)/python bench/advance.py
	$(DEV)/python bench/million.py

docs: .venv/dev/.installed ## write the generated parts of the docs anew
	$(DEV)/python docs/_make.py

pictures: .venv/dev/.installed ## take the pictures of the console anew
	scripts/system-packages
	$(DEV)/python docs/_pictures.py

lock: .venv/dev/.locked ## write the lock files anew (LOCK_ARGS=--upgrade for newer versions)
	$(LOCK) --group dev --output-file requirements/dev.lock pyproject.toml
	$(LOCK) --group build --constraints requirements/dev.lock --output-file requirements/run.lock pyproject.toml
	$(LOCK) --group pyproject.toml:bench --constraints requirements/dev.lock --output-file requirements/bench.lock
	@! grep -nE '://|^-|^/|@' requirements/*.lock || { echo "A lock file names a host or a path."; exit 1; }

clean: ## remove what was made here, except the server's data
	rm -rf .venv build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache

# The package goes in without its dependencies and without build isolation:
# nothing is resolved a second time, so what the lock says is what runs.
.venv/%/.installed: .venv/%/.locked pyproject.toml
	$(@D)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/%/.locked: requirements/%.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; name it with make PYTHON=…"; exit 1; }
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

$(PASSWORD):
	@mkdir -p -m 700 $(@D)
	@umask 077 && $(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(18))' > $@.new && mv $@.new $@
