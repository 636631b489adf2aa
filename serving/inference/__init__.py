"""What KServe is told: a release as an InferenceService. Pure: nothing is asked or written."""
