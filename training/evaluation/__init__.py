"""How good a model is: measures, backtests, the gate against the baseline, the report."""
