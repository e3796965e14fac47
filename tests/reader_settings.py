"""The environment of the endpoint's functions, as the template gives it, with made-up names."""

ROLE = "arn:aws:iam::000000000000:role/unload"
READER = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "WORKGROUP_NAME": "pipeline",
    "DATABASE_NAME": "events",
    "LAKE_BUCKET": "lake",
    "BUDGET_TABLE": "budget",
    "READS_PER_SECOND": "15",
    "CACHE_TTL_SECONDS": "300",
    "CURSOR_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:cursor",
    "EVENT_QUEUE_URL": "https://sqs/events",
    "LOAD_QUEUE_URL": "https://sqs/loads",
    "UNLOAD_ROLE_ARN": ROLE,
}
TELEMETRY = {
    "POWERTOOLS_TRACE_DISABLED": "1",
    "POWERTOOLS_SERVICE_NAME": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "Test",
}
