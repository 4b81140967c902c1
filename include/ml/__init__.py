"""The computation: runs inside SageMaker containers, on folders of files; knows nothing of Airflow or AWS's API."""
