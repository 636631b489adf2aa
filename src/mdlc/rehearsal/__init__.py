"""A fire drill: the whole loop with real Prometheus, Alertmanager and trigger, time compressed.

    run_rehearsal        the play from the first row to the last alert's end
      -> time_compression  a copy of the lifecycle whose weeks pass in seconds
      -> concept_drift     how the world changes: the target follows another rule
      -> service_stack     predictor, Prometheus, Alertmanager and trigger as `child_programs`
      -> traffic           clients that send rows, and their labels a little later
      -> loop_timeline     when each step of the loop was seen

It proves that the alerts, routes and budget of a file close the loop, before production has to.
`mdlc rehearse` runs it in a workspace of its own; what really serves is not touched.
"""
