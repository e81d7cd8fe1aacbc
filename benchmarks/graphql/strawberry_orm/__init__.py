"""The peer most teams would write: Strawberry resolvers over the SQLAlchemy ORM, DataLoaders against N+1 queries.

Written with care (one loader per relation, asyncpg, uvloop) and with nothing more: no planner, no authorisation. It
answers the three benchmark operations in the same words as ours, so that the answers can be compared.
"""
