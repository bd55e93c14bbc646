"""Logger, metrics and tracer of all peers, set up as in Powertools' documentation.

Tracing is off, as in our functions.
"""

from aws_lambda_powertools import Logger, Metrics, Tracer

logger = Logger()
metrics = Metrics()
tracer = Tracer()
