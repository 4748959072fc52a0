"""Safe conversion: tensors out of pickles into safetensors, and nothing is ever unpickled."""
