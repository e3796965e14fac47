"""Before any test module is imported: telemetry reads its names from the environment when it is."""

import os

from tests.reader_settings import TELEMETRY

os.environ.update(TELEMETRY)
