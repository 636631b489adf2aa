"""The business stage: compares building a model, a rule, buying and nothing; see README.md."""
