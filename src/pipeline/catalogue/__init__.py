"""The catalogue: one JSON Schema file per event type, the whole definition of that type."""

from pipeline.catalogue.columns import Column, Threshold
from pipeline.catalogue.types import EventType, load_catalogue, prove_schemas

__all__ = ["Column", "EventType", "Threshold", "load_catalogue", "prove_schemas"]
