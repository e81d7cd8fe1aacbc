"""Everything on one machine: data sets, simulated touchpoints, and the services kept running."""
