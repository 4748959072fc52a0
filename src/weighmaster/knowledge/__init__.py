"""What is known about the world, as data: checked by tests, shared by every detector."""
