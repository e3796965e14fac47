"""Queues tell each minute how many messages they hold and how old the oldest is.

AWS/SQS has ApproximateNumberOfMessagesVisible, ApproximateNumberOfMessagesNotVisible and
ApproximateAgeOfOldestMessage of a queue that is active: it holds messages or was used in the last
six hours. A message that was received more than three times counts no more for the age.
NumberOfMessagesSent counts what senders send, not what a redrive policy moves. Stock ministack makes
none of these metrics.
"""

import time
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import eventbridge, lambda_svc, s3, sns, sqs

from local.mends.metric_store import record
from local.mends.seams import seam
from local.monitoring.clock import CLOCK
