"""Ferryman's peers: the same work, written as a good engineer writes it with boto3 and requests."""
