# make demo   the quickstart: a table, and a figure in runs/quickstart
# make test   the tests on the built wheel, then ruff and mypy
# make slow   the studies that take minutes
# make docs   the site, in build/site; warnings are errors
# make clean  removes what these made (.venv too)
#
# Python 3.11, 3.12 or 3.13 is all they need: make PYTHON=python3.12 demo

PYTHON ?= python3
# A worker takes whole files, as their tests share what is trained and compiled.
PYTEST_ARGS ?= -n auto --dist loadfile --no-loadscope-reorder

ROOT := $(CURDIR)
VENV := .venv
BIN := $(ROOT)/$(VENV)/bin
INSTALLED := $(VENV)/.installed
WHEEL_VENV := build/wheel-venv

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo install test on-wheel slow docs lint clean
.DELETE_ON_ERROR:

demo: install
	@rm -rf runs/quickstart  # an older version may have left another scenario there
	"$(BIN)/overair" run quickstart --out runs/quickstart

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@test -x "$(BIN)/python" || { \
	  "$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
	    echo "make: overair needs Python 3.11, 3.12 or 3.13; $(PYTHON) is" \
	      "$$("$(PYTHON)" --version 2>&1 || true); name another: make PYTHON=python3.12" >&2; exit 1; }; \
	  "$(PYTHON)" -m venv "$(VENV)" || { rm -rf "$(VENV)"; exit 1; }; }
	@echo "installing overair and what it needs into $(VENV); the first time takes minutes"
	@"$(BIN)/python" -m pip install -qq -c constraints.txt setuptools
	@"$(BIN)/python" -m pip install -qq -c constraints.txt --no-build-isolation -e '.[test]'
	@touch $@

test: on-wheel lint  # with make -j2 beside each other

# The wheel goes into a second environment, which borrows the first one's libraries but not its overair; the tests run
# on it in a third folder, away from the checkout. A stale build/lib would put deleted modules into the wheel.
on-wheel: export OPENBLAS_NUM_THREADS ?= 1  # there is a worker for each core
on-wheel: install
	@rm -rf build
	@"$(BIN)/python" -m pip wheel -qq --no-deps --no-build-isolation -w build/wheel .
	@"$(BIN)/python" -m venv --without-pip $(WHEEL_VENV)
	@"$(BIN)/python" -m pip --python $(WHEEL_VENV)/bin/python install -qq --no-deps build/wheel/overair-*.whl
	@"$(BIN)/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	  > "$$(echo $(WHEEL_VENV)/lib/python3*/site-packages)/libraries.pth"
	@away=$$(mktemp -d) && trap 'rm -rf "$$away"' EXIT && cp -r tests pyproject.toml "$$away" && cd "$$away" && \
	  OVERAIR_CHECKOUT="$(ROOT)" "$(ROOT)/$(WHEEL_VENV)/bin/python" -m pytest $(PYTEST_ARGS)

lint: install
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy" overair tests

docs: install
	@"$(BIN)/python" -m pip install -qq -c constraints.txt --no-build-isolation -e '.[docs]'
	"$(BIN)/python" -m sphinx -W --keep-going -b html docs build/site

slow: PYTEST_ARGS := -m slow
slow: test

clean:
	rm -rf $(VENV) build dist runs *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
