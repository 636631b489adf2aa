"""Judges a canary and ends it; used by the trigger, by the last step of a run, and by replay.

    prometheus_counts,   what champion and canary counted since the canary began
    sample_counts
      -> canary_verdict  judge_canary: promote, roll back or wait; a pure function of both counts
      -> canary_judge    judge_and_end: one look at a workspace: count, judge, move the pointer
      -> canary_watch    CanaryWatch, await_end: repeat the look, for a service and for a run's step

Counts come from Prometheus (`prometheus_counts`) or from a replay's own scrapes (`sample_counts`).
A new way to run canaries passes a workspace, counts and a time to `judge_and_end`; it does not
judge by itself.

Related code elsewhere: `serving.canary_routing` (or `kserve.gateway_canary`, if a gateway splits
the traffic) decides which version answers a request; `life.releases` moves the pointer and writes
the history; `monitoring.history_entries` says what an entry of the history means.
"""
