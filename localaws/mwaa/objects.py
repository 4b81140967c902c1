"""What an environment finds in its bucket: moto's S3."""

from __future__ import annotations

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends


def has_object(bucket: str, key: str, version: str) -> bool:
    """Whether the bucket has that version of an object, or any where no version is named."""
    try:
        return s3_backends[DEFAULT_ACCOUNT_ID]["aws"].head_object(bucket, key, version or None) is not None
    except MissingBucket:
        return False
