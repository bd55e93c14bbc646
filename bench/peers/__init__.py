"""What Ferryman is measured against: the same work, written as a good engineer writes it with boto3 and requests."""
