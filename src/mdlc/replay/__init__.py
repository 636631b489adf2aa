"""Lives through later data in time order against the real server: predictions, late labels, alerts,
retrainings, promotions; and through the same time by the alternatives."""
