"""What processes on one machine share: files, locks, ports, logs, an embedded PostgreSQL. No rule of the domain."""
