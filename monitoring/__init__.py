"""mdlc's monitoring room: see README.md."""
