"""Invented identities and digital touchpoints around real purchases, always marked `source = 'simulated'`."""
