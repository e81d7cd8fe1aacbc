"""Whole models judged by what came after: backtests, their reports, model cards, and whom a set was made for."""
