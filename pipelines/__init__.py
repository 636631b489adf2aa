"""mdlc's pipelines room: see README.md."""
