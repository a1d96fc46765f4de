# `make suggest` sets up, trains on the sample the first time, and suggests codes for NARRATIVE. `make test` passes the tests.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
NARRATIVE ?= Pt attended CT for head scan, called from waiting room by surname only and a different pt answered. Wristband not checked. Scanned, 1.9 mSv, noticed when images did not match history. Both pts and RPS informed, correct pt scanned same day. Short staffed, radiographer covering two rooms.
# Where a GPU build of PyTorch is not wanted: the address of PyTorch's index of CPU builds, as its installation page gives it.
TORCH_INDEX ?=
VENV := .venv
BIN := $(VENV)/bin
MODEL := models/$(shell cat models/in-use)
SAMPLE := annotation/sample/incidents.jsonl

export MLFLOW_DISABLE_TELEMETRY := true
export HF_HUB_OFFLINE := 1

.PHONY: suggest test slow clean

suggest: $(MODEL)/manifest.json
	@$(BIN)/codesuggest suggest "$(NARRATIVE)"

test: $(VENV)/dev.stamp
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy
	$(BIN)/pytest -m "not slow"

# What is too slow for every day: the real embedder and the starting model.
slow: $(VENV)/dev.stamp $(MODEL)/manifest.json
	$(BIN)/pytest -m slow

clean:
	rm -rf $(VENV) $(MODEL)

$(MODEL)/manifest.json: $(VENV)/main.stamp $(SAMPLE) training/sample.toml
	@echo "Training on the sample, this first time only: one to two minutes." >&2
	$(BIN)/codesuggest train training/sample.toml --out $(MODEL)

$(VENV)/main.stamp: pyproject.toml
	@echo "Setting up in $(VENV): two minutes or more, as the network goes." >&2
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -z "$(TORCH_INDEX)" || $(BIN)/pip install --progress-bar off "torch>=2.6,<2.14" --index-url "$(TORCH_INDEX)"
	$(BIN)/pip install --progress-bar off --quiet --editable .
	touch $@

$(VENV)/dev.stamp: $(VENV)/main.stamp
	$(BIN)/pip install --progress-bar off --quiet --editable ".[dev]"
	touch $@
