"""A local Redshift Data API that executes the SQL it is given."""
