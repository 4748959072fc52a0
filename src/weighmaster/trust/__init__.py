"""Who made it, is it unchanged, can it be proven: manifests, signatures, identities, claims, log, roots of trust."""
