"""Edits of one line each that a person can see in Airflow's page of `churn_training`."""

# File → what is replaced, and by what; {words} are what is then looked for.
EDITS = {
    "dags/training.py": (
        "globals().update(dags(training_dag))",
        "globals().update(dags(training_dag))\nglobals()['churn_training'].doc_md = '{words}'",
    ),
    "plugins/perennial/flows/common.py": ('page = f"# {spec.title}', 'page = f"# {words} {spec.title}'),
    "include/specs/catalog/churn.py": ('title="Customer churn"', 'title="{words}"'),
}
