"""What every message about a day that was watched says. A pure function: no call is made here."""

from __future__ import annotations

from include.specs.drift import DriftReport
from include.specs.environment import Environment
from include.specs.performance import PerformanceReport
from include.specs.run import MonitoringRun, PerformanceRun
from perennial.notices import Notice


def day_notice(
    run: MonitoringRun | PerformanceRun,
    report: DriftReport | PerformanceReport,
    where: Environment,
    *,
    about: str,
    words: str,
    page: str,
    version: int | None,
    **facts: str | int | None,
) -> Notice:
    """Whose model it is, which day and version, the verdict on that and why, and where to read on.

    Args:
        about: what the verdict is on, for example `traffic`: with the verdict it names the kind of notice and the
            section of the runbook.
        words: the verdict in a person's words.
        page: key of the day's page.
        facts: what else the message says.
    """
    model, origin, kind = run.model, run.provenance, f"{about}-{report.verdict}"
    return Notice(
        model=model.name,
        run=origin.run,
        kind=kind,
        subject=f"{model.name}: {words} ({run.date})",
        body={
            "model": model.name,
            "owner": model.owner.email,
            "date": run.date.isoformat(),
            "version": version,
            "verdict": report.verdict,
            "reasons": report.reasons,
            **facts,
            "report": where.object_url(page),
            "runbook": f"{where.runbook}#{kind}",
            "dag_id": origin.dag_id,
            "run_id": origin.run_id,
        },
    )
