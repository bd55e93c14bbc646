"""How Hypothesis draws: at random and often, or, for the mutation score, the same few examples each time."""

from hypothesis import settings

settings.register_profile("mutation", max_examples=20, derandomize=True, database=None, deadline=None)
