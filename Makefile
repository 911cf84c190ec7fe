# Everything is made from here: `make help` lists the targets, `make reproduce` makes the reports.

PYTHON ?= python3
# Another Python that has the locked packages, such as conda's: make reproduce PY=python
PY ?= .venv/bin/python
ENV := $(if $(filter .venv/%,$(PY)),.venv/.installed)

# How the notebooks are run, where they have the parameter: make reproduce data=... model=... show_faces=False
SETTINGS := data model show_faces max_photos seed
# Parameters of a single notebook, see below.
OWN := photos person series stable video affected code date corrections
GIVEN := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
UNKNOWN := $(filter-out $(SETTINGS) $(OWN) PYTHON PY args port MAKE% -%,$(GIVEN))
$(if $(UNKNOWN),$(error there is no setting $(UNKNOWN); there are $(SETTINGS) $(OWN)))

NOTEBOOKS := $(sort $(wildcard notebooks/[0-9][0-9]_*.ipynb))
REPORTS := $(NOTEBOOKS:notebooks/%.ipynb=reports/%.html)
PACKAGE := $(shell find bp_research -type f ! -name '*.pyc')
DEMO := $(filter bp_research/demo/% bp_research/face/schemes.py bp_research/face/geometry.py,$(PACKAGE))

# The same on every system: UTF-8 whatever the locale, one thread per process (the work is spread over processes).
export PYTHONUTF8 := 1
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MPLCONFIGDIR := $(CURDIR)/.make/matplotlib
# The package is found by notebooks in any folder, in an environment of one's own too.
export PYTHONPATH := $(CURDIR)
# What is made here lies here.
unexport BP_WORK_DIR

quote = '$(subst ','\'',$(1))'
given = $(foreach name,$(1),$(if $($(name)),$(2) $(name) $(call quote,$($(name)))))
# $(call note_changes,places,values): rewrite the target if a value, or a file at one of the places, changed.
define note_changes
@mkdir -p $(@D)
@{ printf '%s\n' $(2); for place in $(1); do if [ -e "$$place" ]; then find -L "$$place" -type f -exec ls -lnL {} +; fi; \
	done | sort | cksum; } > $@.new; if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
endef

.DELETE_ON_ERROR:
.PHONY: help setup reproduce sheet phone phone-serve test lint lab data models demo bench lock clean distclean FORCE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "make reproduce photos=/a/folder    also measure your own photos (report 01)"
	@echo "make reports/01_load_meei.html photos=/a/folder    only that report"
	@echo "make reproduce data=PALDA    use this data set: MEEI, NeuroFace, PALDA, demo or a folder"
	@echo "make reproduce $(SETTINGS:%=%=...)    parameters of all notebooks that have them"
	@echo "make reports/15_movement.html video=/a/film.mp4 affected=left    how both sides of a face move"
	@echo "make reproduce person=... (report 07) series=/a/folder stable=/another (report 09)"
	@echo "BP_DATA_DIR=/a/folder make reproduce    where the data sets lie, if not under data/raw"

setup: $(ENV) ## make .venv with the locked packages

reproduce: reports/index.html ## run every notebook to a report; open reports/index.html
	@echo "The reports are in reports/index.html"

sheet: reports/13_patient_sheet.html ## one printed page of a person: photos=/a/folder affected=left code=... date=... corrections=/a/folder show_faces=True
	@echo "The sheet and its numbers are in reports/sheets"

phone: $(ENV) .make/models ## make the page that measures in a phone's browser: reports/phone, for any static web server
	$(PY) -m bp_research.phone

phone-serve: phone ## show that page on this computer only; port=8100
	$(PY) -m http.server $(or $(port),8100) --bind 127.0.0.1 --directory reports/phone

test: $(ENV) .make/models ## run the tests, the notebooks on a tiny simulated cohort among them
	$(PY) -m pytest -n auto --dist worksteal $(args)

lint: $(ENV) ## check the style of package, tests and notebooks
	$(PY) -m ruff check .

lab: $(ENV) ## open the notebooks in JupyterLab, on this computer only
	$(PY) -m jupyterlab --ServerApp.ip=127.0.0.1 --LabApp.news_url= \
		--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $(args) notebooks

data: $(ENV) ## list the known data sets and fetch those that may be had without asking; args=London that one, args=none none
	$(PY) -m bp_research.datasets.fetch $(args)

models: .make/models ## obtain the landmark models that can be had without asking

demo: data/demo/.made ## make the simulated cohort

bench: $(ENV) .make/models data/demo/.made ## compare speed and memory with the straightforward procedure
	$(PY) -m benchmarks.bench

lock: $(ENV) ## write requirements.txt anew after a change in pyproject.toml; args=--upgrade takes the newest
	$(PY) -m uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-annotate --custom-compile-command "make lock" --quiet --output-file requirements.txt $(args)

clean: ## remove what was made, but no data, models or measured tables
	rm -rf reports data/demo benchmarks/results .make .pytest_cache .ruff_cache .hypothesis

distclean: clean ## remove the measured tables and .venv too
	rm -rf data/processed .venv *.egg-info

.venv/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and $(PYTHON) is not: try make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.make/models: bp_research/landmarks/files.py bp_research/landmarks/models.json $(ENV)
	$(PY) -m bp_research.landmarks.files
	@mkdir -p $(@D) && touch $@

data/demo/.made: $(DEMO) $(ENV)
	$(PY) -m bp_research.demo
	@touch $@

.make/settings: FORCE
	@for place in $(call quote,$(photos)) $(call quote,$(series)) $(call quote,$(stable)) $(call quote,$(video)); do if [ -n "$$place" ] && \
		[ ! -e "$$place" ]; then echo "there is no file or folder $$place" >&2; exit 1; fi; done
	$(call note_changes,data/raw "$$BP_DATA_DIR" $(call quote,$(data)) $(call quote,$(model)),"$$BP_DATA_DIR" $(call given,$(SETTINGS),-s))

.make/photos: FORCE
	$(call note_changes,$(call quote,$(photos)),$(call given,photos,-p))

.make/person: FORCE
	$(call note_changes,,$(call given,person,-p))

.make/series: FORCE
	$(call note_changes,$(call quote,$(series)) $(call quote,$(stable)),$(call given,series stable,-p))

.make/video: FORCE
	$(call note_changes,$(call quote,$(video)),$(call given,video affected,-p))

# The photos of `make sheet` are one person's, those of `make reproduce` anybody's, and its person may be one of them.
SHEET = $(if $(filter sheet,$(MAKECMDGOALS)),$(call given,photos affected code date corrections,-p)) $(if $(photos),,$(call given,person,-p))
.make/sheet: FORCE
	$(call note_changes,$(call quote,$(photos)) $(call quote,$(corrections)),$(SHEET))

# A report of one's own photos alone needs neither the simulated people nor the table of other photos.
ALONE := $(if $(photos),$(if $(filter-out sheet reports/07_% reports/13_%,$(MAKECMDGOALS)),,$(MAKECMDGOALS)))
reports/%.html: notebooks/%.ipynb $(PACKAGE) .make/settings .make/models $(if $(ALONE),,data/demo/.made) $(ENV)
	@echo "Running $<"
	@$(PY) -m bp_research.reports run $< $@ $(call given,$(SETTINGS),-s) $(PARAMETERS)
	@echo "Open $@"

# What a notebook needs beyond that. The first one measures the photos; the others find its table.
reports/01_load_meei.html: .make/photos
reports/01_load_meei.html: PARAMETERS = $(call given,photos,-p)
reports/07_one_person.html: .make/person .make/photos
reports/07_one_person.html: PARAMETERS = $(call given,person photos,-p)
reports/09_recovery.html: .make/series
reports/09_recovery.html: PARAMETERS = $(call given,series stable,-p)
reports/15_movement.html: .make/video
reports/15_movement.html: PARAMETERS = $(call given,video affected,-p)
reports/13_patient_sheet.html: .make/sheet
reports/13_patient_sheet.html: PARAMETERS = $(SHEET)
$(if $(ALONE),,$(filter-out reports/01_load_meei.html reports/13_patient_sheet.html,$(REPORTS)): | reports/01_load_meei.html)
# Models that the user brought are compared.
reports/06_landmark_models.html: $(wildcard data/models/*.dat)

reports/index.html: $(REPORTS)
	@$(PY) -m bp_research.reports index
