"""One module a scheme of addresses that targets may have. A module here exposes `ORIGIN` and nothing else."""
