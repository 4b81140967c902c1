"""Python runs this at the start of a job whose image has this folder on its PYTHONPATH: one metric comes out broken."""

import dataclasses
import os

# The one that gets infinite by itself, and one that the gate asks for.
NOT_FINITE, MISSING = "log_loss", "roc_auc"


def _not_finite(value: float) -> None:
    from include.ml.evaluation import intervals  # noqa: PLC0415 the job's own modules, in the job's process only

    measure = intervals.measure
    intervals.measure = lambda name, rows: (
        dataclasses.replace(measure(name, rows), value=value) if name == NOT_FINITE else measure(name, rows)
    )


def _missing() -> None:
    from include.ml.evaluation import assessment  # noqa: PLC0415 as above

    estimates = assessment.estimates
    assessment.estimates = lambda rows: {name: found for name, found in estimates(rows).items() if name != MISSING}


if how := os.environ.get("SPOILT_METRIC"):
    _missing() if how == "missing" else _not_finite(float(how))
