"""Safe conversion: tensors out of files that other programs would have to run, into files that hold nothing else.

`convert` is the door. What is read of a hostile file is read by a confined worker, which answers with a plan: where in
the file the numbers of each tensor lie. The plan is checked, and the bytes are copied.
"""
