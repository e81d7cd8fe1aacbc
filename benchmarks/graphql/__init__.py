"""GraphQL reads side by side: ours, PostGraphile, plain Strawberry over an ORM, and pgbench on our own statement."""
