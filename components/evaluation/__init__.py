"""The evaluation stage: compares contenders in money on rows that no model was trained on."""
