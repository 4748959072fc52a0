"""Who signed, and when: keys, certificates, revocation, timestamps, Sigstore."""
