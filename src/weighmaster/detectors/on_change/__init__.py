"""Rules on what a package has that other releases or builds of it do not."""
