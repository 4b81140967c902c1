"""A health check: whether the Airflow process of this container has told the database lately that it is at work.

`airflow jobs check` asks the same, and costs seconds of a core each time.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import psycopg2

# A process tells it every five seconds.
FRESH_S = 30
QUESTION = """
    SELECT count(*) FROM job
    WHERE job_type = %s AND hostname = %s AND state = 'running' AND latest_heartbeat > now() - make_interval(secs => %s)
"""


def at_work(job_type: str, hostname: str, database_uri: str) -> bool:
    """Whether the job of that type (SchedulerJob, DagProcessorJob, TriggererJob) on that host is alive."""
    with psycopg2.connect(database_uri.replace("+psycopg2", "", 1), connect_timeout=5) as connection:
        cursor = connection.cursor()
        cursor.execute(QUESTION, (job_type, hostname, FRESH_S))
        return bool(cursor.fetchone()[0])


if __name__ == "__main__":
    uri = Path(os.environ["DATABASE_URI_FILE"]).read_text()
    sys.exit(0 if at_work(sys.argv[1], socket.gethostname(), uri) else f"{sys.argv[1]}: no heartbeat in {FRESH_S} s")
