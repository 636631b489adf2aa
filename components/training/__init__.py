"""The training stage: see README.md."""
