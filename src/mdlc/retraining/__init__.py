"""When a retraining may start: the ledger of decisions and its policy."""
