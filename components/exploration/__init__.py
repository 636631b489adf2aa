"""The exploration stage: statistics of the training rows, and cleaning; see README.md."""
