"""What tasks are forked from has imported what they need, and nothing that an edit of the project changes."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import gc, json, multiprocessing, sys

def tell():
    print(json.dumps({"modules": sorted(sys.modules), "frozen": gc.get_freeze_count()}))

if __name__ == "__main__":
    multiprocessing.set_start_method("forkserver")
    multiprocessing.set_forkserver_preload(["airflow", "perennial.preload"])
    process = multiprocessing.Process(target=tell)
    process.start()
    process.join()
"""
REPO = Path(__file__).parents[3]


def test_process_of_a_task_begins_with_what_it_needs(tmp_path: Path) -> None:
    """As Airflow begins it: importing Airflow puts the plugins on the path, and a module not found is no error."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    place = {"AIRFLOW__CORE__PLUGINS_FOLDER": str(REPO / "plugins"), "AIRFLOW_HOME": str(tmp_path)}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | place
    command = (sys.executable, str(program))
    done = subprocess.run(command, env=environment, cwd=REPO, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert {"airflow.dag_processing.dagbag", "airflow.sdk.execution_time.task_runner", "boto3"} <= set(told["modules"])
    assert [name for name in told["modules"] if name.startswith(("perennial", "include"))] == [
        "perennial",
        "perennial.preload",
    ]
    # Python's own modules alone are some tens of thousands of objects.
    assert told["frozen"] > 100_000
