"""What `make lint-template` runs: linters over the template and the source, offline."""
