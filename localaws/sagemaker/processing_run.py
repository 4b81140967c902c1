"""A processing job from its request to its end."""

from __future__ import annotations

from localaws.jobs.container import End, Outcome
from localaws.jobs.folder import JobFolder, write_configs
from localaws.jobs.transfer import Mirror
from localaws.sagemaker import processing
from localaws.sagemaker.runs import JobRun, failure_reason


class ProcessingRun(JobRun):
    """Fetch the inputs, run the command, bring the outputs to S3."""

    def work(self) -> None:
        """All of it, in a folder that is removed afterwards."""
        place = self.new_folder()
        try:
            self._prepare(place)
            if self.control.stop_requested:
                self.finish("Stopped")
            else:
                self._conclude(self._run(place), place)
        finally:
            place.remove()

    def _prepare(self, place: JobFolder) -> None:
        request = self.record.request
        place.make("/opt/ml/output", *(output.container_path for output in processing.outputs(request)))
        write_configs(place, processing.config_files(self.record))
        self.fetch_all(processing.inputs(request), place)

    def _mirrors(self, place: JobFolder, *, continuous: bool) -> list[Mirror]:
        outputs = processing.outputs(self.record.request)
        return [self.mirror(o.uri, o.container_path, place) for o in outputs if o.continuous is continuous]

    def _run(self, place: JobFolder) -> Outcome:
        request = self.record.request
        spec = self.spec(
            image=request["AppSpecification"]["ImageUri"],
            command=processing.command(request),
            own=processing.environment(self.record),
            place=place,
            runtime_s=processing.max_runtime_s(request),
            volume_gib=processing.cluster(request)["VolumeSizeInGB"],
            offline=processing.is_offline(request),
        )
        mirrors = self._mirrors(place, continuous=True)
        outcome = self.run_container(spec, place, sinks=[], on_start=self._started, mirrors=mirrors)
        with self.uploading(unless=failure_reason(outcome)):
            for mirror in mirrors:
                mirror.sync()
        return outcome

    def _started(self) -> None:
        at = self.now()
        self.record.change(at, started=at)
        self.announce()

    def _conclude(self, outcome: Outcome, place: JobFolder) -> None:
        message = self.exit_message(place)
        # What the container has to say is its ExitMessage; FailureReason has the exit code alone.
        if reason := failure_reason(outcome):
            self.finish("Failed", failure_reason=reason, exit_message=message)
            return
        # What a stopped job has left is no result: EndOfJob outputs are those of a job that came to its end.
        if outcome.end is End.EXIT:
            for mirror in self._mirrors(place, continuous=False):
                mirror.sync()
        self.finish("Completed" if outcome.end is End.EXIT else "Stopped", exit_message=message)
