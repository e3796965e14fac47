"""How calls are made while somebody waits: a silent service is given up within 5 s."""

from botocore.config import Config

# 2 x (1 + 1) s and a short pause at most.
BRIEF = Config(
    connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2}
)
