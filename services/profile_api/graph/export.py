"""Writes the schema to a file: `python -m profile_api.graph.export docs/reference/schema.graphql`."""

import sys
from pathlib import Path

from profile_api.graph.schema import catalogue

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(catalogue().sdl + "\n", encoding="utf-8")
