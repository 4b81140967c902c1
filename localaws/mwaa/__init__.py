"""A stand-in for MWAA's API: environments that are described and updated, and a way to an Airflow that runs elsewhere.

It starts no Airflow: which one an environment stands for is told by an admin route. Its state ends with the process.
"""
