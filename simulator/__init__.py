"""The pipeline in a simulated cloud: the real handlers, a fake clock, and every fault we could think of.

`python -m simulator --help` runs it by hand; docs/reliability.md says what it proves.
"""
