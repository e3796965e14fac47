"""What only the layer has."""
