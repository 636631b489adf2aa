"""Kubernetes: the client of its API server, objects applied to it, and the Lifecycle resource.

    api_client      requests, time-outs, errors; the only module that imports `kubernetes`
    object_client   objects as plain dictionaries: get, list, server-side apply, delete
    crd             the definition of the Lifecycle resource, generated from the file's model

No stage imports it, so a change here leaves the results of all stages cached.
"""
