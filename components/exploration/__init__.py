"""The exploration stage: see README.md."""
