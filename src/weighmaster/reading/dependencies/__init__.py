"""What files say of the packages that they want: each kind of file in a module, all of them in the same facts."""
