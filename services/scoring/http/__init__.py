"""The protocol edges: each turns its own wire format into a matrix for one model set, and its answer back."""
