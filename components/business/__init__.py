"""The business stage: see README.md."""
