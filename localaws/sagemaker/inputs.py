"""Input data of jobs: what of an S3 data source localaws can bring into a container, and the fetching of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.jobs.folder import JobFolder, PathError
from localaws.jobs.transfer import ObjectStore, TransferError, download_manifest, download_prefix, parse_uri
from localaws.sagemaker.errors import ValidationError, unsupported


@dataclass(frozen=True, kw_only=True)
class Input:
    """S3 data that must be in a folder of the container before the command starts."""

    uri: str
    container_path: str
    is_manifest: bool = False


def check_mode(mode: str | None, where: str) -> None:
    """Refuse Pipe input: there is no FIFO protocol here. FastFile is served as File, which reads the same."""
    if mode == "Pipe":
        raise unsupported(f"Pipe input ({where})", instead="use File or FastFile")


def check_data_type(data_type: str | None, where: str) -> bool:
    """Whether the data type is a manifest; augmented manifests exist for Pipe input alone and are refused."""
    if data_type == "AugmentedManifestFile":
        raise unsupported(f"AugmentedManifestFile ({where})", instead="use S3Prefix or ManifestFile")
    return data_type == "ManifestFile"


def check_path(container_path: str, where: str) -> None:
    """Refuse a path outside /opt/ml: a job has no other place of its own here."""
    try:
        JobFolder(root=Path("/")).on_host(container_path)
    except PathError as error:
        raise ValidationError(f"{where}: {error}") from error


def check_uri(uri: str, where: str) -> None:
    """Refuse what is no S3 URI."""
    try:
        parse_uri(uri)
    except TransferError as error:
        raise ValidationError(f"{where}: {str(error).removeprefix('ClientError: ')}") from error


def fetch(source: Input, folder: JobFolder, store: ObjectStore, *, region: str, role: str) -> None:
    """Bring an input into the job's folder.

    Raises:
        TransferError: there is nothing to bring; the message is the job's FailureReason, in AWS's words.
    """
    target = folder.on_host(source.container_path)
    target.mkdir(parents=True, exist_ok=True)
    download = download_manifest if source.is_manifest else download_prefix
    if not download(store, source.uri, target):
        raise TransferError(_nothing_found(source.uri, region, role))


def _nothing_found(uri: str, region: str, role: str) -> str:
    bucket = parse_uri(uri).bucket
    return (
        f'ClientError: Data download failed: No S3 objects found under S3 URL "{uri}" given in input data source. '
        f"Please ensure that the bucket exists in the selected region ({region}), that objects exist under that S3 "
        f'prefix, and that the role "{role}" has "s3:ListBucket" permissions on bucket "{bucket}".'
    )


def channel_input(channel: Mapping[str, Any]) -> Input:
    """A training channel's data source."""
    name, source = channel["ChannelName"], channel["DataSource"].get("S3DataSource")
    where = f"InputDataConfig channel {name!r}"
    if source is None:
        raise unsupported(f"the data source of {where}", instead="use an S3DataSource")
    check_mode(channel.get("InputMode"), where)
    check_uri(source["S3Uri"], where)
    manifest = check_data_type(source.get("S3DataType"), where)
    return Input(uri=source["S3Uri"], container_path=f"/opt/ml/input/data/{name}", is_manifest=manifest)


def processing_input(entry: Mapping[str, Any]) -> Input | None:
    """A processing input's data source; None when the job fetches the data itself."""
    where = f"ProcessingInputs {entry['InputName']!r}"
    source = entry.get("S3Input")
    if entry.get("AppManaged"):
        return None
    if source is None or "LocalPath" not in source:
        raise unsupported(f"the input of {where}", instead="use an S3Input with a LocalPath")
    check_mode(source.get("S3InputMode"), where)
    check_uri(source["S3Uri"], where)
    check_path(source["LocalPath"], where)
    manifest = check_data_type(source.get("S3DataType"), where)
    return Input(uri=source["S3Uri"], container_path=source["LocalPath"], is_manifest=manifest)
