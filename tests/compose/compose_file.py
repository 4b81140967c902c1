"""docker-compose.yaml as it is without a `.env`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

REPO = Path(__file__).resolve().parents[2]
FILE = REPO / "docker-compose.yaml"
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def variables() -> dict[str, str]:
    """The variables that the file asks for, each with its default."""
    return dict(VARIABLE.findall(FILE.read_text()))


def services() -> dict[str, dict[str, Any]]:
    """Every service by name."""
    return section("services")


def section(name: str) -> dict[str, dict[str, Any]]:
    """A section of the file, variables replaced by their defaults."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(VARIABLE.sub(r"\2", FILE.read_text()))[name]
    return found
