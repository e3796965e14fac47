"""The operations page of `make run`: what flows, what fires, and the way of one event in full.

It asks the APIs that AWS has too (CloudWatch, X-Ray, Step Functions, SQS, CloudFormation), and the
endpoint for the ids of an event.
"""
