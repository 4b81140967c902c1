"""Checkpoints of a fit: an estimator as far as it got, in skops format, good only for the fit that it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import skops.io
from sklearn.base import BaseEstimator

from include.ml.container import replace_file, say
from include.ml.training import artifact
from include.specs.errors import PerennialError

PATTERN = "estimator-*.skops"


@dataclass(frozen=True, kw_only=True)
class Checkpoints:
    """The checkpoints in `folder` of the fit `identity`, which says all that the fitted estimator depends on.

    A file's name holds the digest of the identity and of its content, so that another fit's, or half a file, is no
    checkpoint of this one.
    """

    folder: Path
    identity: str

    def save(self, estimator: BaseEstimator) -> None:
        """Keep `estimator`, in place of earlier ones."""
        content = skops.io.dumps(estimator)
        path = self.folder / self._name(content)
        replace_file(path, content)
        for earlier in self.folder.glob(PATTERN):
            if earlier != path:
                earlier.unlink()

    def load(self) -> BaseEstimator | None:
        """The estimator to continue from; None where there is none that can be used (the log says why)."""
        for path in sorted(self.folder.glob(PATTERN)):
            if path.name != self._name(path.read_bytes()):
                say(f"checkpoint {path.name} is damaged or of another fit: ignored, training starts afresh")
                continue
            try:
                return artifact.load_file(path)
            except PerennialError as error:
                say(f"checkpoint {path.name} is ignored, training starts afresh: {error}")
        return None

    def _name(self, content: bytes) -> str:
        return PATTERN.replace("*", hashlib.sha256(self.identity.encode() + b"\n" + content).hexdigest()[:32])
