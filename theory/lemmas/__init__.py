"""The lemmas behind the bounds, each in its own file with its certificate."""
