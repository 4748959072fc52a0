"""Opening what was verified, so that nothing comes between."""
