"""The profile API: one live answer per customer, over GraphQL, from one PostgreSQL."""
