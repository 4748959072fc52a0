"""One module an outside source of statements about targets. A module here exposes `RECORD` and nothing else."""
