"""Bills of materials: what a model is made of, told from its bytes where they say it, else from its card."""
