"""The plugin's entry file: tells Airflow of our links and our timetable, and who hears of what a person ends."""

from airflow.plugins_manager import AirflowPlugin
from perennial import listener
from perennial.links import DriftReportLink, JobLogLink, PerformanceReportLink, ReportLink
from perennial.timetables import CronCatchUpTimetable


class PerennialPlugin(AirflowPlugin):
    """Links from a task to its job's log and to its reports, when days are run, and what ends what nobody waits for."""

    name = "perennial"
    operator_extra_links = [  # noqa: RUF012 Airflow reads a plain list
        JobLogLink(),
        ReportLink(),
        DriftReportLink(),
        PerformanceReportLink(),
    ]
    # Whoever reads a DAG back looks for it here: the scheduler, the API server, the DAG processor.
    timetables = [CronCatchUpTimetable]  # noqa: RUF012 as above
    listeners = [listener]  # noqa: RUF012 as above
