"""A canary, judged and ended in one place: by the trigger, by a run's last step, and by replay.

    prometheus_counts,   what champion and canary counted since the canary began
    sample_counts
      -> canary_verdict  judge_canary: promote, roll back or wait; a pure function of both counts
      -> canary_judge    judge_and_end: one look at a workspace: count, judge, move the pointer
      -> canary_watch    CanaryWatch, await_end: the looks, for a service and for a step that waits

`prometheus_counts` and `sample_counts` are the two places that counts come from. A new way to run
canaries brings a workspace, counts and a clock to `judge_and_end`; it judges nothing itself.

What stays elsewhere: who answers which request (`serving.canary_routing`, and
`kserve.gateway_canary` where a gateway splits) belongs to serving; how a pointer moves and history
tells of it (`life.releases`) is the same for canaries and releases at once; what a line of history
means is in `monitoring.history_entries`.
"""
