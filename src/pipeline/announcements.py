"""The words by which the stages announce their work; template and state machine use them too."""

SOURCE = "events-to-endpoints"
BATCH_STAGED = "BatchStaged"
FACTS_STAGED = "FactsStaged"
