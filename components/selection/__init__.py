"""The selection stage: see README.md."""
