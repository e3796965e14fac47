"""The computations behind `x-computed`: event type, column, function."""

from pipeline.prepare import flights, weather
from pipeline.prepare.facts import Registry

COMPUTED: Registry = {
    "flight.departed": flights.DEPARTED,
    "flight.arrived": flights.ARRIVED,
    "flight.cancelled": flights.CANCELLED,
    "weather.observed": weather.OBSERVED,
}
