"""What source uses and how it loads it: models, data sets, packages; told, written as a bill, mended."""
