# Each target sets up what it needs in .venv. On Windows, use the two pip lines of the README instead.
#
#   make demo      paint a picture with what is in the repository
#   make test      the tests, in a few minutes
#   make test-all  the same, and then the long ones: 2,000 bad inputs, all signals to all scripts, other backends
#   make page      open the page to paint on, at http://127.0.0.1:7860
#   make lint      check style and format; make format corrects both
#   make examples  make all pictures in examples/ again; make screenshots takes those of the page again
PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo page test test-all lint format examples screenshots clean

demo: .venv/ready
	$(BIN)/python src/stylize.py --content=examples/photos/camera.jpg --style=examples/styles/whirls.jpg --network=instant --save=demo.jpg
	@echo "The painting is $(CURDIR)/demo.jpg"

page: .venv/page
	$(BIN)/python src/page.py

test: .venv/dev
	$(BIN)/python -m pytest -n 2 --dist=loadgroup -m "not long"

test-all: test
	$(BIN)/python -m pytest -n 2 --dist=loadgroup -m long -rs --junitxml=reports/long.xml

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

examples: .venv/ready
	$(BIN)/python examples/make.py

screenshots: .venv/dev
	SCREENSHOTS=docs/images $(BIN)/python -m pytest tests/test_page.py -k "whole_way or phone"

.venv/ready: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

.venv/dev: requirements-page.txt
.venv/page .venv/dev: .venv/%: requirements-%.txt .venv/ready
	$(BIN)/python -m pip install --quiet -r $<
	touch $@

clean:
	rm -rf .venv data/.cache reports
