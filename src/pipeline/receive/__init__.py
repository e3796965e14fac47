"""The entrances: each turns what arrived into rows and answers only when they are kept."""
