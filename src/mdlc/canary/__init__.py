"""A canary, judged and ended in one place: by trigger, pipeline and replay."""
