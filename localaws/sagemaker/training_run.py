"""A training job from its request to its end, through as many spot instances as it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from localaws.jobs.container import End, Outcome
from localaws.jobs.folder import JobFolder, write_configs
from localaws.jobs.logs import MetricScanner
from localaws.jobs.transfer import Mirror, S3Location, download_prefix, parse_uri, tar_gz
from localaws.sagemaker import training
from localaws.sagemaker.runs import FAILURE_FILE, MAX_REASON_CHARS, JobRun, failure_reason, whole_seconds

STARTING = "Preparing the instances for training"
INTERRUPTED = "Training job interrupted. Waiting for spot capacity"
ENDINGS = {
    End.STOP: ("Stopped", "Training job stopped"),
    End.MAX_RUNTIME: ("MaxRuntimeExceeded", "Training job runtime exceeded MaxRuntimeInSeconds provided"),
}
WAIT_EXCEEDED = ("MaxWaitTimeExceeded", "Training job wait time exceeded MaxWaitTimeInSeconds provided")


class TrainingRun(JobRun):
    """Fetch the channels and the checkpoints, train, bring model, output and checkpoints to S3."""

    def work(self) -> None:
        """Attempt after attempt until one is not interrupted."""
        self._began = time.monotonic()
        self._trained_s = 0.0
        definitions = training.algorithm(self.record.request).get("MetricDefinitions", [])
        self._metrics = MetricScanner(definitions, clock=self.now)
        while self._attempt() and self._regain_capacity():
            pass

    def _attempt(self) -> bool:
        """One instance's life; True when it was taken away and another one is wanted."""
        if self.control.stop_requested:
            return self._end(ENDINGS[End.STOP])
        if self.record.state.secondary_status != "Starting":
            self._enter("Starting", STARTING)
        place = self.new_folder()
        try:
            return self._train(place)
        finally:
            place.remove()

    def _train(self, place: JobFolder) -> bool:
        checkpoints = self._prepare(place)
        if self.control.stop_requested:
            return self._end(ENDINGS[End.STOP])
        outcome = self._run(place, [checkpoints] if checkpoints else [])
        reason = failure_reason(outcome, place.read_text(FAILURE_FILE, max_chars=MAX_REASON_CHARS))
        with self.uploading(unless=reason):
            if checkpoints:
                checkpoints.sync()
        if outcome.end is End.INTERRUPTION and not self.control.stop_requested:
            return True
        self._conclude(outcome, reason, place)
        return False

    def _prepare(self, place: JobFolder) -> Mirror | None:
        request = self.record.request
        self._enter("Downloading", "Downloading input data")
        place.make(*training.FOLDERS)
        write_configs(place, training.config_files(self.record))
        self.fetch_all(training.inputs(request), place)
        if (found := training.checkpoints(request)) is None:
            return None
        uri, path = found
        place.make(path)
        download_prefix(self.store, uri, place.on_host(path))
        mirror = self.mirror(uri, path, place)
        mirror.skip_present()
        return mirror

    def _run(self, place: JobFolder, mirrors: list[Mirror]) -> Outcome:
        request = self.record.request
        spec = self.spec(
            image=training.algorithm(request)["TrainingImage"],
            command=training.command(request),
            own=training.environment(self.record),
            place=place,
            runtime_s=min(training.max_runtime_s(request) - self._trained_s, self._wait_left_s()),
            volume_gib=request.get("ResourceConfig", {}).get("VolumeSizeInGB", 30),
            offline=training.is_offline(request),
        )
        started = time.monotonic()
        outcome = self.run_container(spec, place, sinks=[self._scan], on_start=self._started, mirrors=mirrors)
        self._trained_s += time.monotonic() - started
        return outcome

    def _scan(self, lines: Sequence[str]) -> None:
        self._metrics.scan(lines)

    def _started(self) -> None:
        started = self.record.state.started or self.now()
        self._enter("Training", "Training image download completed. Training in progress.", started=started)

    def _enter(self, status: str, message: str, **changes: object) -> None:
        if self.record.enter(status, message, self.now(), **changes):
            self.announce()

    def _wait_left_s(self) -> float:
        return training.max_wait_s(self.record.request) - (time.monotonic() - self._began)

    def _regain_capacity(self) -> bool:
        """Wait for another instance; False when the job ended meanwhile."""
        self._enter("Interrupted", INTERRUPTED)
        outage_s = min(self.control.outage_s, self._wait_left_s())
        if self.control.wait_stopped(max(outage_s, 0.0)):
            return self._end(ENDINGS[End.STOP])
        if self._wait_left_s() <= 0:
            return self._end(WAIT_EXCEEDED)
        return True

    def _conclude(self, outcome: Outcome, reason: str | None, place: JobFolder) -> None:
        with self.uploading(unless=reason):
            self._upload_output(place)
        if reason:
            self.fail(reason, exit_message=self.exit_message(place))
            return
        self._enter("Uploading", "Uploading generated training model")
        artifacts = self._upload_model(place)
        message = self.exit_message(place)
        if outcome.end is End.EXIT:
            self._finish("Completed", "Completed", "Training job completed", artifacts=artifacts, exit_message=message)
        else:
            self._end(self._ending(outcome), artifacts=artifacts, exit_message=message)

    def _ending(self, outcome: Outcome) -> tuple[str, str]:
        waited_too_long = outcome.end is End.MAX_RUNTIME and self._wait_left_s() <= 0
        return WAIT_EXCEEDED if waited_too_long else ENDINGS.get(outcome.end, ENDINGS[End.STOP])

    def _target(self) -> S3Location:
        base = parse_uri(self.record.request["OutputDataConfig"]["S3OutputPath"])
        return base.child(self.record.name).child("output")

    def _upload_output(self, place: JobFolder) -> None:
        data = place.on_host("/opt/ml/output/data")
        if data.is_dir() and any(data.iterdir()):
            self.store.write(self._target().child("output.tar.gz"), tar_gz(data))

    def _upload_model(self, place: JobFolder) -> str:
        model = place.on_host("/opt/ml/model")
        if self.record.request["OutputDataConfig"].get("CompressionType") == "NONE":
            target = self._target().child("model")
            Mirror(store=self.store, folder=model, ml_folder=place.ml, target=target).sync()
            return f"{target.uri}/"
        target = self._target().child("model.tar.gz")
        self.store.write(target, tar_gz(model))
        return target.uri

    def _end(self, ending: tuple[str, str], **changes: object) -> bool:
        status, message = ending
        self._finish("Stopped", status, message, **changes)
        return False

    def fail(self, reason: str, **changes: object) -> None:
        """End the job as failed, with its last transition."""
        told = reason[:MAX_REASON_CHARS]
        self._finish("Failed", "Failed", "Training job failed", failure_reason=told, **changes)

    def _finish(self, status: str, secondary: str, message: str, **changes: object) -> None:
        trained = whole_seconds(self._trained_s) if self._trained_s else None
        at = self.now()
        if self.runtime.closing.is_set():
            return
        ended = {"status": status, "ended": at, "metrics": self._metrics.last_values()}
        times = {"training_seconds": trained, "billable_seconds": trained}
        if self.record.enter(secondary, message, at, **ended, **times, **changes):
            self.announce()
