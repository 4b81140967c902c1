"""The images of MWAA that a bundle can be made for, and the pins that AWS builds them with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mwaa.errors import DeployError

FOLDER = Path(__file__).parent / "images"


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image, by the version of Airflow in it, such as 3.3.1."""

    airflow: str

    @property
    def constraints(self) -> Path:
        """Airflow's constraints, which MWAA's pip is held to."""
        return FOLDER / self.airflow / "constraints.txt"

    @property
    def packages(self) -> Path:
        """All packages that the image holds, with their versions."""
        return FOLDER / self.airflow / "packages.txt"


def image(version: str) -> Image:
    """The image of an Airflow, given as 3.3 or as 3.3.1.

    Raises:
        DeployError: there is none of that version here.

    >>> image("3.2").airflow
    '3.2.1'
    """
    known = sorted(path.name for path in FOLDER.iterdir())
    found = [name for name in known if version in (name, name.rpartition(".")[0])]
    if not found:
        raise DeployError(f"AIRFLOW={version}: expected one of {', '.join(known)}; see docs/mwaa.md")
    return Image(airflow=found[-1])
