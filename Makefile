# An alias of dev.py, for hands used to make. `make` alone lists the commands; options go into WORDS:
#   make run WORDS="--port 8001"
WORDS =

.PHONY: help run test sure lint format build migrate seed i18n new-module doctor flask bench drill wheel lock

help:
	@python3 dev.py

run:  ## sets everything up and starts the portal with demo data (--help lists the options)
	python3 dev.py run $(WORDS)

test:  ## the whole suite: format, lint, types, layers, tests with a browser, catalogues
	python3 dev.py test $(WORDS)

sure:  ## the same without a browser: what to run before a commit
	python3 dev.py sure $(WORDS)

lint:  ## format, lint, types and layers alone
	python3 dev.py lint $(WORDS)

format:  ## formats the Python code and mends what can be mended by itself
	python3 dev.py format $(WORDS)

build:  ## environment, front end and catalogues, nothing started
	python3 dev.py build $(WORDS)

migrate:  ## brings the database of PORTAL_DATA or PORTAL_DATABASE_URL up to date
	python3 dev.py migrate $(WORDS)

seed:  ## loads the demo data of the ten municipalities
	python3 dev.py seed $(WORDS)

i18n:  ## extracts, updates and checks the translations
	python3 dev.py i18n $(WORDS)

new-module:  ## NAME writes a new module with its tests from the skeleton
	python3 dev.py new-module $(WORDS)

doctor:  ## checks settings, database, mail and catalogues
	python3 dev.py doctor $(WORDS)

flask:  ## any other command of the portal: `flask --help` lists them
	python3 dev.py flask $(WORDS)

bench:  ## measures the portal against the bare framework on this machine
	python3 dev.py bench $(WORDS)

drill:  ## measures the figures of docs/reliability.md: kills, faults, hostile inputs, load, restore
	python3 dev.py drill $(WORDS)

wheel:  ## builds and packs the portal for installation into dist/
	python3 dev.py wheel $(WORDS)

lock:  ## writes requirements/*.lock from pyproject.toml (--upgrade takes newer versions)
	python3 dev.py lock $(WORDS)
