"""What a life leaves behind, and where it lies: workspace, object store, run-time documents."""
