"""What processes on one machine share: whole files, locks, log lines, an embedded PostgreSQL. No rule of the domain."""
