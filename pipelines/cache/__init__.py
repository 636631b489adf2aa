"""Results of stages by content: what was asked, by which code, from which bytes."""
