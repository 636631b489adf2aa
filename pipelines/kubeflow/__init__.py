"""Kubeflow Pipelines: the same stages as components, compiled, submitted and followed.

`Client` (client.py) is what other rooms use. What runs inside the pods is step.py and process.py.
"""
