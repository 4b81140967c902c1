"""The plugin's entry file: tells Airflow which links a task of ours may show, and who hears of what a person ends."""

from airflow.plugins_manager import AirflowPlugin
from perennial import listener
from perennial.links import DriftReportLink, JobLogLink, PerformanceReportLink, ReportLink


class PerennialPlugin(AirflowPlugin):
    """Links from a task to its job's log and to its reports, and the listener that ends what nobody waits for."""

    name = "perennial"
    operator_extra_links = [  # noqa: RUF012 Airflow reads a plain list
        JobLogLink(),
        ReportLink(),
        DriftReportLink(),
        PerformanceReportLink(),
    ]
    listeners = [listener]  # noqa: RUF012 as above
