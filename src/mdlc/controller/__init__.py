"""The controller: a Lifecycle object on a cluster becomes runs, a predictor, rules and dashboards.

    kopf_handlers      when to look: at each change of an object, and every so often
      -> reconciler    one look: observe, decide, act, write the object's status
         -> clients          the outside world: API server, Kubeflow Pipelines, KServe, object store
         -> next_actions     what is to be done, as functions of what was observed; no I/O
         -> desired_objects  the objects that a lifecycle should have; no I/O
         -> status_conditions  answers such as Ready=True, with a reason in words
    finalizer          what happens when an object is deleted
    leader_election    of several controllers only one acts
    start_controller   puts them together for `mdlc controller`

Each look starts from the object as it is, so a controller may be killed at any time: the next one
goes on from the object's status. Only `kopf_handlers` and `start_controller` import kopf.
"""
