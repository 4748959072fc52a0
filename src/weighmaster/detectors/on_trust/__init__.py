"""Rules on what a policy of trust makes of the evidence beside a target."""
