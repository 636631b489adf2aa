"""mdlc's components room: see README.md."""
