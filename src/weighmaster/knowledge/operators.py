"""What operators of TorchScript can do beyond computing with tensors.

The names are those of the operators' schemas; a schema's `str filename` is what makes an operator one of these. The
namespaces are those that PyTorch registers itself (`torch._C._jit_get_all_schemas()` lists them) and those of
TorchVision, TorchAudio and TorchText, which the same people publish.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

TOUCHES: Final = MappingProxyType(
    {
        "aten::from_file": "maps a file into memory, and with shared=True creates it or writes to it",
        "aten::save": "writes a file",
        "aten::load": "reads a file",
        "debugprims::load_tensor": "reads a file",
        "image::read_file": "reads a file",
        "image::write_file": "writes a file",
        "torchaudio::sox_io_get_info": "reads a file",
        "torchaudio::sox_io_load_audio_file": "reads a file",
        "torchaudio::sox_io_save_audio_file": "writes a file",
        "torchaudio::sox_effects_apply_effects_file": "reads a file",
        "prim::rpc_async": "runs a function on another machine",
        "prim::rpc_remote": "runs a function on another machine",
        "prim::rpc_sync": "runs a function on another machine",
    }
)
"""Operators that reach beyond memory, and how."""

METHODS: Final = MappingProxyType({name.partition("::")[2]: name for name in TOUCHES if "rpc" not in name})
"""The same by their bare names, for a script that calls them as methods."""

# fmt: off
NAMESPACES: Final = frozenset({
    "aten", "prim", "prims", "onnx", "quantized", "_quantized", "quantization", "symm_mem", "static_runtime",
    "c10d", "_c10d_functional", "_c10d_functional_autograd", "onednn", "mkldnn", "mkldnn_prepacked", "mkl",
    "profiler", "sparse", "inductor", "inductor_prims", "debugprims", "rngprims", "_dtensor", "_native",
    "export", "debug_mode_ops", "cuda", "cudnn", "metal", "vulkan", "vulkan_prepack", "metal_prepack",
    "xnnpack", "prepacked", "rnn", "torchvision", "image", "torchaudio", "torchtext", "_torch_testing",
    "higher_order",
})
"""Namespaces whose operators PyTorch and its own libraries define."""

CLASSES: Final = frozenset({
    "quantized", "rnn", "sparse", "c10d", "dist_c10d", "dist_rpc", "profiler", "mkldnn", "onednn", "xnnpack",
    "metal", "vulkan", "mkl", "cuda", "_nnapi",
})
"""Namespaces of native classes that PyTorch defines."""
