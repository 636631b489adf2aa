"""The deployment stage: see README.md."""
