"""The preparation stage: a snapshot becomes one table; see README.md."""
