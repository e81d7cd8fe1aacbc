"""The same models behind other model servers, each set up as its documentation shows."""
