"""The entry points of jobs: `python -m include.ml.jobs.<step>`, thin, one a step of `include.specs.job`."""
