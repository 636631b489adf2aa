"""Kubernetes: the client of its API server, objects applied to it, and the Lifecycle resource.

    api_client      the one module that imports the Kubernetes client: requests, time-outs, errors
    object_client   objects as plain dictionaries: get, list, server-side apply, delete
    crd             the lifecycle file as a resource: its definition, made from the file's own model

No stage imports it, so a change here leaves the results of all stages cached.
"""
