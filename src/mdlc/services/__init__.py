"""What all long-running services share: request gate, refusals, logs, names of metrics."""
