"""The preparation stage: see README.md."""
