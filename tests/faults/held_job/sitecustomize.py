"""Python runs this at the start of a job whose image has this folder on its PYTHONPATH: it waits while it is held.

A job that works for as long as a test needs it would need a processor for it, and end sooner on a faster one.
"""

import os
import time
from pathlib import Path

# A training job is told its name; of the name, the model and the step come first, and they are the name of the file.
_MODEL_AND_STEP = "-".join(os.environ.get("TRAINING_JOB_NAME", "").split("-")[:2])
_HELD = Path(os.environ["HELD_JOBS"]) / _MODEL_AND_STEP

while _MODEL_AND_STEP and _HELD.exists():
    time.sleep(0.05)
