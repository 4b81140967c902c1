"""Which bundle this process runs: `make bundle` lays a file with a digest beside the vocabulary and the plugins.

Nothing here imports `include`: the triggerer reads its stamp too, and has no DAG folder on its path.
"""

from __future__ import annotations

import json
from pathlib import Path

STAMP = "bundle.json"


def stamp(folder: Path) -> str:
    """The digest of the bundle that `folder` came in; empty where it came in none, as on a laptop."""
    file = folder / STAMP
    return str(json.loads(file.read_text())["sha256"]) if file.exists() else ""


def plugins() -> str:
    """The digest of the plugins that this process has imported."""
    return stamp(Path(__file__).parent)
