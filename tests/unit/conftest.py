"""Hypothesis draws many random examples, or, for the mutation score, the same few examples each time."""

from hypothesis import settings

settings.register_profile("mutation", max_examples=20, derandomize=True, database=None, deadline=None)
# A busy machine may take longer over an example than Hypothesis grants it.
settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")
