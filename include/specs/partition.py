"""One day of a model's data in the lake: the manifest that makes it exist, and what ingestion says of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class SourceObject:
    """A landing object that a partition was made from: which version of it, and where its rows came from.

    `origin` is the object's own metadata of that name: `synthetic` where a generator made the rows.
    """

    key: str
    bytes: int
    etag: str
    version_id: str | None = None
    origin: str | None = None

    @property
    def synthetic(self) -> bool:
        """Whether a generator made the rows."""
        return (self.origin or "").startswith("synthetic")


@dataclass(frozen=True, kw_only=True)
class PartFile:
    """One file of a partition. Its name holds its digest, so other content never has the same name."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class IngestionReport:
    """What the ingest job did with its files: `quarantined` counts rejected rows by reason, `rejected` holds them."""

    files: tuple[PartFile, ...]
    rows_read: int
    rows: int
    columns: Mapping[str, str]
    quarantined: Mapping[str, int] = field(default_factory=dict)
    rejected: PartFile | None = None


@dataclass(frozen=True, kw_only=True)
class PartitionManifest:
    """A partition. It is written last and in one piece: files that no manifest names do not exist for a reader.

    `files` lie beside it; `rejected`, where a row was, in the day's quarantine.
    """

    model: str
    date: dt.date
    files: tuple[PartFile, ...]
    rows: int
    columns: Mapping[str, str]
    sources: tuple[SourceObject, ...]
    quarantined: Mapping[str, int] = field(default_factory=dict)
    rejected: PartFile | None = None

    @property
    def synthetic(self) -> bool:
        """Whether any of its rows were made up."""
        return any(source.synthetic for source in self.sources)


@dataclass(frozen=True, kw_only=True)
class PartitionRef:
    """A partition as a training run pins it: the manifest's key and digest, and the manifest itself."""

    manifest_key: str
    sha256: str
    manifest: PartitionManifest
