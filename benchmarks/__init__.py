"""Side by side with what a user would pick instead. `make bench CASE=adult` or `CASE=flights`; figures in README.md here."""
