"""Runs: what happens between a job's request and its end, step by step, told in the job's record."""

from __future__ import annotations

import logging
import math
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from localaws.faults.calls import Call, Scope
from localaws.faults.fault import Kind
from localaws.jobs import container, folder, logs
from localaws.jobs.container import ContainerSpec, Control, End, Outcome
from localaws.jobs.folder import JobFolder
from localaws.jobs.isolation import NOT_ISOLATED, IsolationError
from localaws.jobs.transfer import Mirror, ObjectStore, S3Location, TransferError, parse_uri
from localaws.sagemaker import events
from localaws.sagemaker.inputs import Input, fetch
from localaws.sagemaker.records import JobRecord
from localaws.sagemaker.runtime import Runtime

log = logging.getLogger(__name__)

COMMAND_NOT_FOUND = 127  # as a shell and docker have it
FAILURE_FILE, MESSAGE_FILE = "/opt/ml/output/failure", "/opt/ml/output/message"
MAX_REASON_CHARS, MAX_MESSAGE_CHARS = 1024, 1024
GIB = 2**30
DIRECTIONS = {"ListObjectsV2": "download", "GetObject": "download", "PutObject": "upload"}


class JobFailedError(Exception):
    """The job cannot go on; the message is its FailureReason."""


class JobRun:
    """What all kinds of run have in common. With ``failure``, the job gets no instance, and that is why."""

    def __init__(
        self, record: JobRecord, runtime: Runtime, control: Control, *, access_key: str, failure: str | None = None
    ) -> None:
        self.record, self.runtime, self.control = record, runtime, control
        self.machine = runtime.machine
        self.now: Callable[[], datetime] = self.machine.clock
        self.store = ObjectStore(account=record.account, region=record.region, before=self._before_transfer)
        self._access_key, self._failure = access_key, failure

    def __call__(self) -> None:
        """Do the job; whatever goes wrong is told in the record and nowhere else."""
        try:
            self.work()
        except (JobFailedError, TransferError) as failure:
            self.fail(str(failure))
        except IsolationError as error:
            self.fail(f"InternalServerError: {error}")
        except Exception as error:
            if not self.runtime.closing.is_set():
                log.exception("job %s", self.record.arn)
            self.fail(f"InternalServerError: localaws failed: {type(error).__name__}: {error}")

    def work(self) -> None:
        """The kind's own steps."""
        raise NotImplementedError

    def fail(self, reason: str) -> None:
        """End the job as failed."""
        self.finish("Failed", failure_reason=reason[:MAX_REASON_CHARS])

    def finish(self, status: str, **changes: Any) -> None:
        """End the job: the terminal status comes with all the rest, in one step, and the event after it."""
        at = self.now()
        if not self.runtime.closing.is_set():
            self.record.change(at, status=status, ended=at, **changes)
            self.announce()

    def announce(self) -> None:
        """Put the job's present state on the event bus and have it saved."""
        self.runtime.on_change()
        events.job_changed(self.record)

    def new_folder(self) -> JobFolder:
        """A fresh folder, as a fresh instance has a fresh disk.

        Raises:
            JobFailedError: a fault has it that the job gets no instance.
        """
        if self._failure:
            raise JobFailedError(self._failure)
        return folder.create(self.machine.jobs_folder, self.record.name)

    def fetch_all(self, inputs: Sequence[Input], place: JobFolder) -> None:
        """Bring all inputs into the job's folder."""
        for source in inputs:
            fetch(source, place, self.store, region=self.record.region, role=self.record.request.get("RoleArn", ""))

    @contextmanager
    def uploading(self, *, unless: str | None) -> Iterator[None]:
        """An upload that fails is why the job does, unless it has failed already and that is why."""
        try:
            yield
        except TransferError as error:
            if unless is None:
                raise
            log.warning("job %s has failed (%s), and besides: %s", self.record.arn, unless, error)

    def _before_transfer(self, operation: str, location: S3Location) -> None:
        """Let a fault hit what SageMaker does in S3 for this job.

        Raises:
            TransferError: a fault has it that S3 refuses, and goes on refusing.
        """
        place = {"bucket": location.bucket, "key": location.key}
        call = Call(scope=Scope.TRANSFER, service="s3", operation=operation, job=self.record.name, **place)
        fault = self.runtime.switches.take(call)
        if fault is not None and fault.kind is Kind.DELAY:
            self.runtime.closing.wait(fault.seconds)
        elif fault is not None:
            told = f"{fault.code} ({fault.http_status}): {fault.message}: {location.uri}"
            whose = "InternalServerError" if fault.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR else "ClientError"
            raise TransferError(f"{whose}: Data {DIRECTIONS[operation]} failed:{told}")

    def mirror(self, uri: str, container_path: str, place: JobFolder) -> Mirror:
        """A mirror of one of the job's folders in S3."""
        return Mirror(store=self.store, folder=place.on_host(container_path), ml_folder=place.ml, target=parse_uri(uri))

    def spec(
        self,
        *,
        image: str,
        command: Sequence[str],
        own: Mapping[str, str],
        place: JobFolder,
        runtime_s: float,
        volume_gib: int,
        offline: bool,
    ) -> ContainerSpec:
        """What will run.

        Raises:
            JobFailedError: the image has no such command.
        """
        resolved = self.machine.images.resolve(image)
        workdir = resolved.workdir or str(place.home)
        base = self._base_environment(place) | ({} if offline else self._access())
        environment = base | {"PATH": resolved.search_path()} | dict(resolved.environment) | dict(own)
        if not command:
            raise JobFailedError(
                f"ClientError: the request names no ContainerEntrypoint, and {image!r} has none of its own here; set "
                "AppSpecification.ContainerEntrypoint"
            )
        self._check_command(command[0], image, environment["PATH"], workdir, place)
        return ContainerSpec(
            token=secrets.token_hex(8),
            instance=self.machine.instance,
            command=tuple(command),
            environment=environment,
            workdir=workdir,
            max_runtime_s=runtime_s,
            grace_s=self.machine.grace_s,
            max_disk_bytes=volume_gib * GIB,
            offline=offline,
        )

    def _check_command(self, name: str, image: str, search_path: str, workdir: str, place: JobFolder) -> None:
        on_host = str(place.on_host(name)) if name.startswith("/opt/ml/") else name
        if self.machine.images.resolve(image).find(on_host, search_path=search_path, workdir=workdir) is None:
            raise JobFailedError(
                f"AlgorithmError: cannot run {name!r} in image {image!r}: no such executable; "
                f"its PATH is {search_path}, exit code: {COMMAND_NOT_FOUND}"
            )

    def _base_environment(self, place: JobFolder) -> dict[str, str]:
        return {
            "HOME": str(place.home),
            "TMPDIR": str(place.scratch),
            "LANG": "C.UTF-8",
            "AWS_REGION": self.record.region,
            "AWS_DEFAULT_REGION": self.record.region,
        }

    def _access(self) -> dict[str, str]:
        """What a job without network isolation has to reach AWS, which is us."""
        return {
            "AWS_ENDPOINT_URL": self.machine.endpoint,
            # As a container on AWS has its role's credentials: here those of who asked for the job.
            "AWS_ACCESS_KEY_ID": self._access_key,
            "AWS_SECRET_ACCESS_KEY": "localaws",
        }

    def run_container(
        self,
        spec: ContainerSpec,
        place: JobFolder,
        *,
        sinks: Sequence[logs.Sink],
        on_start: Callable[[], None],
        mirrors: Sequence[Mirror],
    ) -> Outcome:
        """Run the command to its end, its output going to CloudWatch, the mirrors kept in step."""
        stream = logs.LogStream(self._log_address(), clock=self.now)

        def tick() -> None:
            for mirror in mirrors:
                mirror.sync()
            self.runtime.on_change()

        return container.run(
            spec,
            place,
            self.machine.isolation,
            self.control,
            output=logs.LineSplitter([stream.append, *sinks]),
            on_start=on_start,
            on_tick=tick,
        )

    def _log_address(self) -> logs.LogAddress:
        record = self.record
        stream = f"{record.name}/algo-1-{int(self.now().timestamp())}"
        return logs.LogAddress(account=record.account, region=record.region, group=record.kind.log_group, stream=stream)

    def exit_message(self, place: JobFolder) -> str | None:
        """What the job wrote for DescribeJob's ExitMessage."""
        return place.read_text(MESSAGE_FILE, max_chars=MAX_MESSAGE_CHARS) or None


def failure_reason(outcome: Outcome, told: str = "") -> str | None:
    """FailureReason in AWS's words; None when the container ended well or because it was told to.

    Args:
        told: what the container wrote into its failure file, of which AWS speaks for training jobs alone.
    """
    if outcome.end is End.DISK_FULL:
        return "ClientError: Please use an instance type with more storage: the job's files exceed VolumeSizeInGB"
    if outcome.end is not End.EXIT or outcome.exit_code == 0:
        return None
    if outcome.exit_code == NOT_ISOLATED:
        return f"InternalServerError: the job's /opt/ml could not be set up, see its log, exit code: {NOT_ISOLATED}"
    code = f", exit code: {outcome.exit_code}"
    return f"AlgorithmError: {told}"[: MAX_REASON_CHARS - len(code)] + code


def whole_seconds(duration_s: float) -> int:
    """Seconds as they are billed: started ones count."""
    return max(math.ceil(duration_s), 1)


def default_image_path() -> tuple[str, ...]:
    """Where the image of no name has its commands: beside the interpreter that runs localaws."""
    return (str(Path(sys.executable).parent),)
