"""Logger, metrics and tracer of every peer, as Powertools' documentation sets them up. Tracing is off, as ours is."""

from aws_lambda_powertools import Logger, Metrics, Tracer

logger = Logger()
metrics = Metrics()
tracer = Tracer()
