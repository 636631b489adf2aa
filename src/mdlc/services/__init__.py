"""What the long-running services (predictor, trigger) share.

http_server           listens on a port and runs an ASGI app
  -> bounded_connection   limits each connection in time and bytes
  -> request_gate         checks each request before the app sees it
       -> refusals          the answer to a request that is not let through
json_logs             logs as JSON lines
metric_families       name, labels, help and unit of every metric
"""
