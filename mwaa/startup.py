"""The startup script: what MWAA runs in each container before Airflow, and what it does when something is missing.

MWAA (its image's `entrypoint.py`) runs the script first and installs requirements.txt afterwards; when that fails, it
writes a line to a log and starts Airflow all the same. So the script installs them itself, and imports what the DAGs
import. Where either fails it ends the shell that MWAA sources it in, before that shell has written the file with the
variables that MWAA then looks for: MWAA takes the container for unhealthy, and rolls an update of the environment back.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mwaa.imports import Import

TEMPLATE = Path(__file__).with_name("startup.sh.template")
MARK = "@NEEDED@"


def script(needed: Sequence[Import]) -> str:
    """The startup script of a bundle whose DAGs and plugins import `needed`."""
    lines = [f"{each.module}:{each.name}" for each in needed]
    return TEMPLATE.read_text().replace(MARK, "\n".join(lines))
