"""COPY's parts: options, sources, formats, conversions and load errors."""
