"""The package that all functions share: the domain, the pipeline, the dialects of other products, and HTTP."""
