"""What source and commands load: models, data sets and files of both."""
