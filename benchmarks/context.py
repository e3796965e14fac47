"""What handlers read of Lambda's context."""

from dataclasses import dataclass

SECONDS_LEFT = 60


@dataclass
class Context:
    """An invocation of a function that has a minute left."""

    function_name: str = "function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:function"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Tell what is left."""
        return SECONDS_LEFT * 1000
