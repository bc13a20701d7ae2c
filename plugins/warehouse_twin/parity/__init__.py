"""Does a user's own dbt project say of the twin what it says of the source? Its tests, and what its marts show."""
