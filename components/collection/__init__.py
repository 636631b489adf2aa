"""The collection stage: see README.md."""
