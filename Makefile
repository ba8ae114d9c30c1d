# Two commands do everything: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
SIGNS := hello thanks iloveyou yes no please nothing

.PHONY: demo test lint requirements clean

demo: $(VENV)/.run
	@echo "== 1 of 4: record takes of four practice signers (drawn stand-ins, not people)"
	@for n in 1 2 3 4; do $(PY) collect.py --source practice:$$n --signer practice-$$n --actions $(SIGNS) \
		--sequences 10 --pause 0.5 --headless --data demo/MP_Data | tail -n 1 || exit; done
	@echo "== 2 of 4: prepare them, one signer held out"
	@$(PY) preprocess.py --data demo/MP_Data --holdout practice-4
	@echo "== 3 of 4: train"
	@$(PY) train.py --data demo/MP_Data/dataset.npz --model demo/action.h5 --report demo/report --epochs 150
	@echo "== 4 of 4: recognise a stream of a signer it has not seen"
	@$(PY) realtime.py --model demo/action.h5 --source practice:5:12 --headless \
		--output demo/live.mp4 --events demo/events.jsonl
	@echo; echo "Look at demo/live.mp4, demo/events.jsonl and demo/report/index.html"

test: $(VENV)/.test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(PY) -m pytest

$(VENV)/.run: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements-dev.txt
	$(PIP) -r requirements.txt -r requirements-dev.txt
	@touch $@

# The lists of exact versions with hashes, for every platform, from the versions in pyproject.toml.
requirements:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
		pyproject.toml -o requirements.txt
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--group dev -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf demo report logs
