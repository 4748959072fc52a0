"""Dependencies: where they may come from, what locks and manifests say together, what is reported of them."""
