"""From the queue to one lake object per batch, announced on the bus."""
