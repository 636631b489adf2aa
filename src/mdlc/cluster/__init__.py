"""A life on a cluster: runs on Kubeflow Pipelines, released state in an object store."""
