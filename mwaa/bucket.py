"""The bucket of an environment: objects with SHA-256 checksums that S3 itself keeps, and a record of what is ours."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mwaa.archive import sha256
from mwaa.errors import DeployError

# What deployments have put into the bucket. Not in the DAG folder, which MWAA copies to every container.
RECORD = "perennial-bundle.json"
ABSENT = ("404", "NoSuchKey", "NotFound", "NoSuchVersion")


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object as S3 has it; `digest` is empty where it was stored without a SHA-256 checksum."""

    digest: str
    version: str


class Bucket:
    """A bucket by its name; `s3` is a boto3 client."""

    def __init__(self, s3: Any, name: str) -> None:
        self._s3, self.name = s3, name

    def require_versioned(self) -> None:
        """Refuse a bucket without versioning: an environment names the versions of plugins and requirements.

        Raises:
            DeployError: it is not versioned, or not to be reached.
        """
        try:
            status = self._s3.get_bucket_versioning(Bucket=self.name).get("Status")
        except ClientError as error:
            raise DeployError(f"BUCKET={self.name}: {error}") from error
        if status != "Enabled":
            raise DeployError(
                f"BUCKET={self.name}: expected versioning to be on, it is {status or 'off'}; MWAA names plugins.zip by "
                f"version: aws s3api put-bucket-versioning --bucket {self.name} "
                "--versioning-configuration Status=Enabled"
            )

    def stored(self, key: str, version: str = "") -> Stored | None:
        """An object, or one version of it; None where there is none."""
        of = {"VersionId": version} if version else {}
        try:
            head = self._s3.head_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED", **of)
        except ClientError as error:
            # S3 answers 400 to a version that this bucket has never had.
            if error.response["Error"]["Code"] in (*ABSENT, *(("400",) if version else ())):
                return None
            raise
        checksum = base64.b64decode(head.get("ChecksumSHA256", "")).hex()
        return Stored(digest=checksum, version=head.get("VersionId", ""))

    def put(self, key: str, content: bytes) -> None:
        """Store an object; S3 refuses content that is not of the checksum that comes with it."""
        checksum = base64.b64encode(bytes.fromhex(sha256(content))).decode()
        self._s3.put_object(
            Bucket=self.name, Key=key, Body=content, ChecksumAlgorithm="SHA256", ChecksumSHA256=checksum
        )

    def require(self, key: str, digest: str) -> Stored:
        """The object, whose digest must be this.

        Raises:
            DeployError: it is missing, or another one.
        """
        found = self.stored(key)
        if found is None or found.digest != digest:
            what = "nothing" if found is None else found.digest or "an object without a checksum"
            raise DeployError(f"s3://{self.name}/{key}: expected SHA-256 {digest}, found {what}; deploy once more")
        return found

    def delete(self, key: str) -> None:
        """Delete an object; its versions stay."""
        self._s3.delete_object(Bucket=self.name, Key=key)

    def record(self) -> Mapping[str, str]:
        """What deployments have put here, key → SHA-256; nothing before the first."""
        try:
            body = self._s3.get_object(Bucket=self.name, Key=RECORD)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                return {}
            raise
        return dict(json.loads(body)["files"])

    def write_record(self, files: Mapping[str, str], *, airflow: str) -> None:
        """Keep what deployments have put here."""
        body = json.dumps({"airflow": airflow, "files": dict(sorted(files.items()))}, indent=1)
        self.put(RECORD, f"{body}\n".encode())
