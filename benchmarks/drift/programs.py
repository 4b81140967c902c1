"""One program of the speed benchmark: `python benchmarks/drift/programs.py NAME BASELINE CURRENT [PROFILE]`.

Prints one line of JSON: the seconds from after the imports to the result, and what the result is. Nothing is imported
that the program itself does not need: some of them run in an environment without this project's packages.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
Program = Callable[[Path, Path, Path], Callable[[], object]]


def perennial(baseline: Path, current: Path, _profile: Path) -> Callable[[], object]:
    """Two files to drift.json's bytes."""
    import numpy.linalg  # noqa: F401, PLC0415
    import scipy.special  # noqa: F401, PLC0415

    from include.ml.drift.files import Files, detect_files  # noqa: PLC0415
    from include.specs import codec  # noqa: PLC0415

    def run() -> object:
        report = detect_files(Files(baseline=baseline, current=current))
        codec.encode(report)
        return report.verdict

    return run


def perennial_profile(_baseline: Path, current: Path, profile: Path) -> Callable[[], object]:
    """A kept profile and a file to drift.json's bytes."""
    return _against_profile(current, profile, streaming=False)


def perennial_stream(_baseline: Path, current: Path, profile: Path) -> Callable[[], object]:
    """The same in bounded memory."""
    return _against_profile(current, profile, streaming=True)


def floor(_baseline: Path, current: Path, _profile: Path) -> Callable[[], object]:
    """Decode the day's columns and sort the numeric ones, on two threads: nobody who looks at the data does less."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    pa.set_memory_pool(pa.system_memory_pool())
    names = pq.read_schema(current).names
    text = [name for name in names if name.startswith("level")]

    def decoded(name: str) -> int:
        with pq.ParquetFile(current, read_dictionary=[name] if name in text else None, memory_map=True) as file:
            column = file.read([name], use_threads=False)[name].combine_chunks()
        if name not in text:
            values = np.array(np.from_dlpack(column.drop_null()))
            values.sort()
        return len(column)

    def run() -> object:
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(decoded, names))

    return run


def pandas_scipy(baseline: Path, current: Path, _profile: Path) -> Callable[[], object]:
    """The loop that everyone writes: two frames, a test for each column, 0.05; and blank cells, which it must count."""
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from scipy import stats  # noqa: PLC0415

    def run() -> object:
        ours, theirs = pd.read_parquet(baseline), pd.read_parquet(current)
        found = {}
        for name in ours.columns:
            one, other = ours[name].dropna(), theirs[name].dropna()
            if name.startswith("number"):
                found[name] = stats.ks_2samp(one, other).pvalue
                stats.wasserstein_distance(one, other)
            else:
                counts = pd.concat([one.value_counts(), other.value_counts()], axis=1).fillna(0)
                found[name] = stats.chi2_contingency(counts.to_numpy().T, correction=False).pvalue
            blank = [ours[name].isna().sum(), theirs[name].isna().sum()]
            if sum(blank):
                table = np.array([blank, [len(ours) - blank[0], len(theirs) - blank[1]]])
                stats.chi2_contingency(table, correction=False)
        return min(found.values())

    return run


def evidently_preset(baseline: Path, current: Path, _profile: Path) -> Callable[[], object]:
    """Evidently's data-drift preset."""
    import pandas as pd  # noqa: PLC0415
    from evidently import Report  # noqa: PLC0415
    from evidently.presets import DataDriftPreset  # noqa: PLC0415

    def run() -> object:
        return len(Report([DataDriftPreset()]).run(pd.read_parquet(current), pd.read_parquet(baseline)).json())

    return run


def nannyml_univariate(baseline: Path, current: Path, _profile: Path) -> Callable[[], object]:
    """NannyML's univariate drift: one chunk, KS and chi-squared."""
    import nannyml  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    def run() -> object:
        ours, theirs = pd.read_parquet(baseline), pd.read_parquet(current)
        calculator = nannyml.UnivariateDriftCalculator(
            column_names=list(ours.columns),
            continuous_methods=["kolmogorov_smirnov"],
            categorical_methods=["chi2"],
            chunk_number=1,
        )
        return len(calculator.fit(ours).calculate(theirs).to_df())

    return run


def _against_profile(current: Path, profile: Path, *, streaming: bool) -> Callable[[], object]:
    import pyarrow as pa  # noqa: PLC0415
    import scipy.special  # noqa: F401, PLC0415

    from include.ml.drift.comparison import Question  # noqa: PLC0415
    from include.ml.drift.detection import detect  # noqa: PLC0415
    from include.ml.drift.files import Files, day_of, features_of  # noqa: PLC0415
    from include.ml.drift.profile import read_profile  # noqa: PLC0415
    from include.ml.drift.source import open_source  # noqa: PLC0415
    from include.specs import codec  # noqa: PLC0415
    from include.specs.drift import BaselineRef  # noqa: PLC0415
    from include.specs.monitoring import DriftRule  # noqa: PLC0415

    pa.set_memory_pool(pa.system_memory_pool())

    def run() -> object:
        source = open_source(current)
        features = features_of(source, Files(baseline=current, current=current))
        reference = BaselineRef(version=1, run="", sha256="")
        question = Question(model="bench", baseline=reference, rule=DriftRule(), features=features)
        report = detect(read_profile(profile), day_of(source, streaming=streaming), question)
        codec.encode(report)
        return report.verdict

    return run


PROGRAMS: dict[str, Program] = {
    "floor": floor,
    "perennial": perennial,
    "perennial, profile": perennial_profile,
    "perennial, streamed": perennial_stream,
    "pandas + SciPy loop": pandas_scipy,
    "NannyML": nannyml_univariate,
    "Evidently": evidently_preset,
}


def main() -> int:
    """Run one program."""
    name, *paths = sys.argv[1:]
    baseline, current, profile = (Path(path) for path in paths)
    run = PROGRAMS[name](baseline, current, profile)
    wall, cpu = time.perf_counter(), time.process_time()
    result: Any = run()
    taken = {"work_s": time.perf_counter() - wall, "work_cpu_s": time.process_time() - cpu, "peak_mib": peak_mib()}
    print(json.dumps({**taken, "result": str(result)}))
    return 0


def peak_mib() -> float:
    """The largest this process has been; what a parent is told of its children counts its own size before they ran."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
