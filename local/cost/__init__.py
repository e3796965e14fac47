"""What a deployment would cost a month, told before it is made: quantities by prices, no network."""
