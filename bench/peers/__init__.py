"""Peers that Ferryman is measured against: the same work, as a good engineer writes it with boto3 and requests."""
