"""Refuse an environment without the packages that pyproject.toml names, with one line: tools/installed.py [GROUP].

pip installs nothing, and says nothing, where no line of a list is meant for the Python that runs it.
"""

import re
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
extras = project["project"]["optional-dependencies"]
names = [*project["project"]["dependencies"], *extras["train"], *extras["web"]]
names += [name for group in sys.argv[1:] for name in project["dependency-groups"][group]]
found = {re.sub(r"[-_.]+", "-", package.name).lower() for package in distributions()}
missing = sorted({re.match(r"[\w.-]+", name)[0].lower() for name in names} - found)
if missing:
    version = ".".join(map(str, sys.version_info[:2]))
    sys.exit(f"pip left out {', '.join(missing)} on Python {version}; remove .venv and run this again")
