"""The trigger: a service that turns alerts, a schedule, labels and changes into retrainings."""
