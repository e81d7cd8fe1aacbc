"""Tables, migrations and named SQL: the only package that knows how facts are laid out in PostgreSQL."""
