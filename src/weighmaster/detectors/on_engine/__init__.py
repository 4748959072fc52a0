"""Rules on a model that is compiled for an accelerator."""
