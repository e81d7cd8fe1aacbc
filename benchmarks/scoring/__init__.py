"""The scoring service beside other model servers; `python -m benchmarks.scoring`."""
