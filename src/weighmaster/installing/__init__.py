"""Packages fetched from an index without running them, vetted, pinned, and handed to the installer with hashes."""
