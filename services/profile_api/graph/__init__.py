"""The read side: a Strawberry schema whose fields say where they come from, and the planner that turns one GraphQL
operation into one SQL statement that returns the finished JSON."""
