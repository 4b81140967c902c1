"""AWS for one machine: moto's server, with SageMaker jobs that truly run.

A house of its own: it imports nothing of the project around it and is met only at the AWS API.
"""
