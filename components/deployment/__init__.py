"""The deployment stage: registers the winner and copies its bundle; see README.md."""
