"""Ablation: each counter-measure is taken out of a copy of the code, and the tests that are to notice go red.

A promise that no test holds is a hope. `python -m tests.ablation` measures it; docs/reliability.md shows the table.
"""
