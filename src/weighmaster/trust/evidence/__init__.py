"""What lies beside an artifact and speaks of it: envelopes, bundles, statements, the file of claims."""
