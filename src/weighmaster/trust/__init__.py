"""Who made it, is it unchanged, can it be proven: manifests, signatures, identities, claims, the log, roots of trust."""
