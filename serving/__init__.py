"""mdlc's serving room: see README.md."""
