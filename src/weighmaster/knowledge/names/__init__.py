"""Names: which are known, and which look like those; tables of both beside."""
