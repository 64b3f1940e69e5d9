# make test and make lint set up everything they need in .venv; Windows: see the two pip lines in the README.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test lint format examples clean

demo: .venv/ready
	$(BIN)/python src/stylize.py --content=examples/portraits/images/eileen_collins.jpg --style=examples/styles/rain.jpg --network=mini --epochs=150 --save=demo.jpg
	@echo "The painting is $(CURDIR)/demo.jpg"

test: .venv/ready
	$(BIN)/python -m pytest -n 2 --dist=loadgroup

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

examples: .venv/ready
	$(BIN)/python examples/make.py

.venv/ready: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt -r requirements-dev.txt
	touch $@

clean:
	rm -rf .venv data/.cache
