"""Buttons on a task in Airflow's UI: its job's log, and the report of its run.

The operators store the addresses in XCom when they know them (`store`); a link only reads them back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.execution_time.xcom import XCom

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey


class StoredLink(BaseOperatorLink):
    """A link whose address a task stored, while it ran, where Airflow looks for it."""

    name = ""

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 Airflow's signature
        """The stored address; empty where the task stored none (the button is then greyed out)."""
        return XCom.get_value(key=self.xcom_key, ti_key=ti_key) or ""

    @classmethod
    def store(cls, context: Any, address: str) -> None:
        """Show `address` on the task instance of `context` from now on, not only when it has ended."""
        context["ti"].xcom_push(key=cls().xcom_key, value=address)


class JobLogLink(StoredLink):
    """The log of the SageMaker job that the task started or joined."""

    name = "Job log"


class ReportLink(StoredLink):
    """The HTML report that the run's evaluation wrote."""

    name = "Evaluation report"


class DriftReportLink(StoredLink):
    """The HTML report on the day's traffic."""

    name = "Drift report"


class PerformanceReportLink(StoredLink):
    """The HTML report on realised quality."""

    name = "Performance report"
