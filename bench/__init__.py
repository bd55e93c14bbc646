"""Measures Ferryman's costs: counts, CPU milliseconds, and ratios to a reference measured in the same run."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "layers" / "ferryman"))
# By their prefix of X-Amz-Target.
SERVICES = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms", "AmazonSQS": "sqs"}
