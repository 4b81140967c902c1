"""The whole system on one machine, with neither Docker nor an AWS account: `make run`, `make up` and `make down`.

It starts PostgreSQL, localaws and Airflow as processes of their own, each of which knows only the AWS API and its
environment variables, and then uses them as a person would: a file dropped into the bucket, a DAG triggered over REST.
"""
