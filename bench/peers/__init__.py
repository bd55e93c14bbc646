"""Peers with which Ferryman is compared: the same work, as a good engineer writes it with boto3 and requests."""
