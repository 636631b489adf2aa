"""What all long-running services share, so that they differ by settings and not by copies.

`http_server` listens and runs an app, whose connections `bounded_connection` bounds in time and
bytes. Each request passes the `request_gate`; what it does not let through is a `Refusal`
(`refusals`). Logs are JSON lines (`json_logs`), and every metric has its name, labels and unit in
`metric_families`.
"""
