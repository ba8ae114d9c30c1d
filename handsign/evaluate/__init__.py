"""How good a model is: metrics, figures, cross-validation, the report."""
