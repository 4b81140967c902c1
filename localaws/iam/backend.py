"""The backend: moto's IAM, with our responses in front of it."""

from __future__ import annotations

from types import ModuleType

from moto.iam.models import IAMBackend, iam_backends


class LocalIamBackend(IAMBackend):
    """IAM of one account."""

    @property
    def _url_module(self) -> ModuleType:
        from localaws.iam import urls  # noqa: PLC0415  # moto looks routes up late, and so do we

        return urls


def install() -> None:
    """Have moto's IAM be ours from now on; before its first use."""
    iam_backends.backend = LocalIamBackend
