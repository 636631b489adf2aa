"""The collection stage: sources become Parquet; see README.md."""
