"""What is given to Amazon MWAA, and how it gets there: `make bundle` and `make deploy`.

The flows know nothing of this package and it imports none of them: it reads their files, and meets them again at
MWAA's API. What it knows of MWAA is in `docs/mwaa.md`.
"""
