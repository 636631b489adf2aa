"""A release on a cluster: put where predictors read it, applied, followed, taken back."""
