"""Rules on what an artifact names outside its own bytes."""
