"""The plugin's entry file: tells Airflow which links a task of ours may show."""

from airflow.plugins_manager import AirflowPlugin
from perennial.links import DriftReportLink, JobLogLink, PerformanceReportLink, ReportLink


class PerennialPlugin(AirflowPlugin):
    """Links from a task to its job's log and to its reports."""

    name = "perennial"
    operator_extra_links = [  # noqa: RUF012 Airflow reads a plain list
        JobLogLink(),
        ReportLink(),
        DriftReportLink(),
        PerformanceReportLink(),
    ]
