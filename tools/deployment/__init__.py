"""`make deploy`, `make smoke` and `make destroy`: an environment on AWS, or wherever AWS_ENDPOINT_URL points to."""
