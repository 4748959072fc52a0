"""The only room that touches untrusted bytes: every read is bounded and counted."""
