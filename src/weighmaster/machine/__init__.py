"""The pickle machine: follows a pickle program over terms, and runs nothing. Compiled by mypyc in built wheels."""
