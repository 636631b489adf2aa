"""The evaluation stage: see README.md."""
