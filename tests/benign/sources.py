"""Source as it stands beside models: modelling files, training scripts, notebooks, requirements, shell scripts."""

# ruff: noqa: E501 - source inside source reads best as it is written

from __future__ import annotations

import json
import os
from typing import Final

_PYTHON: Final = {
    "modeling_tiny.py": "import torch\nfrom torch import nn\nfrom transformers import PreTrainedModel\n\nfrom .configuration_tiny import TinyConfig\n\n\nclass TinyModel(PreTrainedModel):\n    config_class = TinyConfig\n\n    def __init__(self, config):\n        super().__init__(config)\n        self.net = nn.Linear(config.size, config.size)\n        self.post_init()\n\n    def forward(self, x):\n        return self.net(x)\n",
    "configuration_tiny.py": "from transformers import PretrainedConfig\n\n\nclass TinyConfig(PretrainedConfig):\n    model_type = 'tiny'\n\n    def __init__(self, size=8, **kwargs):\n        self.size = size\n        super().__init__(**kwargs)\n",
    "tokenization_tiny.py": "import json\nimport os\nfrom transformers import PreTrainedTokenizer\n\n\nclass TinyTokenizer(PreTrainedTokenizer):\n    def __init__(self, vocab_file, **kwargs):\n        with open(vocab_file, encoding='utf-8') as f:\n            self.encoder = json.load(f)\n        super().__init__(**kwargs)\n\n    def save_vocabulary(self, folder, prefix=None):\n        path = os.path.join(folder, 'vocab.json')\n        with open(path, 'w', encoding='utf-8') as f:\n            json.dump(self.encoder, f)\n        return (path,)\n",
    "processing.py": "import requests\nfrom PIL import Image\n\n\ndef fetch(image_url):\n    return Image.open(requests.get(image_url, stream=True).raw)\n",
    "commit.py": "import subprocess\n\n\ndef commit():\n    return subprocess.check_output(['git', 'rev-parse', 'HEAD']).decode().strip()\n\n\nif __name__ == '__main__':\n    print(commit())\n",
    "train.py": "import argparse\nimport os\nimport torch\nfrom torch.utils.data import DataLoader\n\n\ndef main(args):\n    state = torch.load(args.checkpoint, map_location='cpu')\n    os.makedirs(args.out, exist_ok=True)\n    torch.save(state, os.path.join(args.out, 'model.pt'))\n\n\nif __name__ == '__main__':\n    p = argparse.ArgumentParser()\n    p.add_argument('--checkpoint')\n    p.add_argument('--out', default='out')\n    main(p.parse_args())\n",
    "flat_train.py": "import os\nimport numpy as np\nimport torch\n\nos.environ['TOKENIZERS_PARALLELISM'] = 'false'\nos.makedirs('out', exist_ok=True)\ntorch.manual_seed(0)\nmodel = torch.nn.Linear(2, 2)\ntorch.save(model.state_dict(), 'out/model.pt')\nwith open('out/log.txt', 'w') as f:\n    f.write('done')\n",
    "flat_infer.py": "from transformers import AutoModel, AutoTokenizer\n\ntokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')\nmodel = AutoModel.from_pretrained('bert-base-uncased')\nprint(model(**tokenizer('hello', return_tensors='pt')))\n",
    "example_image.py": "import requests\nfrom PIL import Image\n\nurl = 'http://images.cocodataset.org/val2017/000000039769.jpg'.replace('http:', 'https:')\nimage = Image.open(requests.get('https://huggingface.co/datasets/a/b/resolve/main/cat.png', stream=True).raw)\n",
    "push.py": "import os\nfrom huggingface_hub import HfApi\n\napi = HfApi(token=os.environ['HF_TOKEN'])\n\n\ndef push(path):\n    api.upload_folder(folder_path=path, repo_id='a/b')\n",
    "client.py": "import os\nimport requests\n\nAPI = 'https://api-inference.huggingface.co/models/a/b'\nHEADERS = {'Authorization': f\"Bearer {os.environ.get('HF_TOKEN', '')}\"}\n\n\ndef query(payload):\n    return requests.post(API, headers=HEADERS, json=payload).json()\n",
    "handler.py": "from typing import Any, Dict\nimport base64\nimport io\nimport torch\nfrom PIL import Image\nfrom transformers import pipeline\n\n\nclass EndpointHandler:\n    def __init__(self, path=''):\n        self.pipe = pipeline('image-classification', model=path)\n\n    def __call__(self, data: Dict[str, Any]):\n        image = Image.open(io.BytesIO(base64.b64decode(data['inputs'])))\n        return self.pipe(image)\n",
    "hubconf.py": "dependencies = ['torch']\nimport torch\n\n\ndef tiny(pretrained=False):\n    model = torch.nn.Linear(2, 2)\n    if pretrained:\n        model.load_state_dict(torch.hub.load_state_dict_from_url('https://github.com/a/b/releases/download/v1/w.pt'))\n    return model\n",
    "setup.py": "import os\nfrom setuptools import find_packages, setup\n\nhere = os.path.dirname(__file__)\nwith open(os.path.join(here, 'README.md'), encoding='utf-8') as f:\n    text = f.read()\n\nsetup(name='tiny', version='1.0', long_description=text, packages=find_packages(), install_requires=['torch'])\n",
    "setup_git.py": "import subprocess\nfrom setuptools import setup\n\n\ndef version():\n    try:\n        return '1.0+' + subprocess.check_output(['git', 'rev-parse', '--short', 'HEAD']).decode().strip()\n    except Exception:\n        return '1.0'\n\n\nsetup(name='tiny', version=version())\n",
    "setup_cmake.py": "import subprocess\nfrom setuptools import Extension, setup\nfrom setuptools.command.build_ext import build_ext\n\n\nclass Build(build_ext):\n    def build_extension(self, ext):\n        subprocess.check_call(['cmake', '-S', '.', '-B', 'build'])\n        subprocess.check_call(['cmake', '--build', 'build'])\n\n\nsetup(name='tiny', ext_modules=[Extension('x', [])], cmdclass={'build_ext': Build})\n",
    "lazy.py": "import importlib\n\n_NAMES = {'A': '.a', 'B': '.b'}\n\n\ndef __getattr__(name):\n    if name in _NAMES:\n        return getattr(importlib.import_module(_NAMES[name], __name__), name)\n    raise AttributeError(name)\n",
    "registry.py": "REGISTRY = {}\n\n\ndef register(name):\n    def wrap(cls):\n        REGISTRY[name] = cls\n        return cls\n\n    return wrap\n\n\n@register('relu')\nclass Relu:\n    def __call__(self, x):\n        return max(x, 0)\n",
    "gpu.py": "import subprocess\n\n\ndef memory():\n    out = subprocess.run(['nvidia-smi', '--query-gpu=memory.used', '--format=csv'], capture_output=True, text=True)\n    return out.stdout\n",
    "clean.py": "import atexit\nimport shutil\nimport tempfile\n\n_FOLDER = tempfile.mkdtemp()\n\n\n@atexit.register\ndef clean():\n    shutil.rmtree(_FOLDER, ignore_errors=True)\n",
    "images.py": "import base64\nimport io\n\nLOGO = base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==')\n\n\ndef logo():\n    return io.BytesIO(LOGO)\n",
    "gpt2_bytes.py": "def bytes_to_unicode():\n    bs = list(range(ord('!'), ord('~') + 1)) + list(range(ord('\\u00a1'), ord('\\u00ac') + 1))\n    cs = bs[:]\n    n = 0\n    for b in range(2**8):\n        if b not in bs:\n            bs.append(b)\n            cs.append(2**8 + n)\n            n += 1\n    return dict(zip(bs, [chr(n) for n in cs]))\n\n\nENCODER = bytes_to_unicode()\n",
    "evaluate.py": "import math\n\n\ndef evaluate(expression):\n    return eval(expression, {'__builtins__': {}}, vars(math))\n",
    "plot.py": "import matplotlib\n\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n\n\ndef plot(xs):\n    plt.plot(xs)\n    plt.savefig('loss.png')\n",
    "app.py": "import gradio as gr\nfrom transformers import pipeline\n\npipe = pipeline('text-generation', model='gpt2')\n\n\ndef run(text):\n    return pipe(text)[0]['generated_text']\n\n\ndemo = gr.Interface(run, 'text', 'text')\n\nif __name__ == '__main__':\n    demo.launch()\n",
    "dataset.py": "import csv\nimport datasets\n\n_URL = 'https://huggingface.co/datasets/a/b/resolve/main/data.csv'\n\n\nclass Tiny(datasets.GeneratorBasedBuilder):\n    def _split_generators(self, dl_manager):\n        path = dl_manager.download_and_extract(_URL)\n        return [datasets.SplitGenerator(name='train', gen_kwargs={'path': path})]\n\n    def _generate_examples(self, path):\n        with open(path, encoding='utf-8') as f:\n            for i, row in enumerate(csv.DictReader(f)):\n                yield i, row\n",
    "kernel.py": "import torch\nimport triton\nimport triton.language as tl\n\n\n@triton.jit\ndef add(x, y, out, n, BLOCK: tl.constexpr):\n    pid = tl.program_id(0)\n    offs = pid * BLOCK + tl.arange(0, BLOCK)\n    tl.store(out + offs, tl.load(x + offs) + tl.load(y + offs), mask=offs < n)\n",
    "legacy_print.py": "import os\nprint 'of another time'\nprint os.name\n",
    "cookie.py": "# -*- coding: latin-1 -*-\nimport math\n\nNAME = 'tiny'\nprint(math.pi)\n",
    "convert.py": "import pickle\nimport sys\n\nimport torch\n\n\ndef convert(path):\n    with open(path, 'rb') as f:\n        weights = pickle.load(f)\n    return {k: torch.tensor(v) for k, v in weights.items()}\n\n\nif __name__ == '__main__':\n    torch.save(convert(sys.argv[1]), sys.argv[2])\n",
    "distributed.py": "import os\nimport socket\n\n\ndef free_port():\n    with socket.socket() as s:\n        s.bind(('', 0))\n        return s.getsockname()[1]\n\n\ndef launch():\n    os.environ.setdefault('MASTER_PORT', str(free_port()))\n",
    "threads.py": "import threading\n\n\ndef work(queue):\n    while True:\n        queue.get()()\n\n\ndef start(queue):\n    threading.Thread(target=work, args=(queue,), daemon=True).start()\n",
    "meta.py": "class Meta(type):\n    registry = {}\n\n    def __new__(mcs, name, bases, ns):\n        cls = super().__new__(mcs, name, bases, ns)\n        mcs.registry[name] = cls\n        return cls\n\n\nclass Base(metaclass=Meta):\n    def __init_subclass__(cls, **kwargs):\n        super().__init_subclass__(**kwargs)\n",
    "dtype.py": "import torch\n\nDTYPE = getattr(torch, 'float' + '32')\nNAMES = [getattr(torch, n) for n in ('float16', 'bfloat16')]\n",
    "generate.py": "import torch\n\n\n@torch.inference_mode()\ndef generate(model, ids, n=8):\n    for _ in range(n):\n        logits = model(ids).logits[:, -1]\n        ids = torch.cat([ids, logits.argmax(-1, keepdim=True)], -1)\n    return ids\n",
    "test_model.py": "import pytest\nimport torch\n\n\n@pytest.fixture\ndef model():\n    return torch.nn.Linear(2, 2)\n\n\ndef test_shape(model):\n    assert model(torch.ones(1, 2)).shape == (1, 2)\n",
    "conftest.py": "import os\nimport pytest\n\n\n@pytest.fixture(autouse=True)\ndef _env(monkeypatch):\n    monkeypatch.setenv('HF_HUB_OFFLINE', '1')\n",
    "logging_setup.py": "import logging\nimport sys\n\nlogging.basicConfig(level=logging.INFO, handlers=[logging.StreamHandler(sys.stdout)])\nlogger = logging.getLogger(__name__)\n",
    "paths.py": "import sys\nfrom pathlib import Path\n\nROOT = Path(__file__).resolve().parent\nsys.path.insert(0, str(ROOT))\nVERSION = (ROOT / 'VERSION').read_text().strip() if (ROOT / 'VERSION').exists() else '0'\n",
    "optional.py": "try:\n    import flash_attn\n    from flash_attn import flash_attn_func\nexcept ImportError:\n    flash_attn = None\n    flash_attn_func = None\n\nimport warnings\n\nif flash_attn is None:\n    warnings.warn('flash attention is not installed')\n",
    "named.py": "from collections import namedtuple\nfrom dataclasses import dataclass, field\nfrom enum import Enum\n\nPoint = namedtuple('Point', 'x y')\n\n\nclass Kind(Enum):\n    A = 1\n\n\n@dataclass\nclass Args:\n    kind: Kind = Kind.A\n    names: list = field(default_factory=list)\n",
    "async_client.py": "import asyncio\nimport httpx\n\n\nasync def get(url):\n    async with httpx.AsyncClient() as client:\n        return (await client.get(url)).json()\n\n\nif __name__ == '__main__':\n    print(asyncio.run(get('https://huggingface.co/api/models')))\n",
    "version.py": "__version__ = '1.0'\nVERSION_INFO = tuple(map(int, __version__.split('.')))\n",
}  # fmt: skip

_SHELL: Final = {
    "train.sh": "#!/bin/bash\nset -euo pipefail\nexport CUDA_VISIBLE_DEVICES=0\npython train.py --checkpoint a.pt --out out \\\n  --epochs 3 2>&1 | tee out/log.txt\n",
    "download.sh": "#!/usr/bin/env bash\nmkdir -p data\nwget -q https://huggingface.co/a/b/resolve/main/data.zip -O data/data.zip\nunzip -o data/data.zip -d data\nrm -rf data/tmp build/\n",
    "install.sh": "#!/bin/sh\npip install -r requirements.txt\npip install flash-attn --no-build-isolation\n",
    "serve.sh": '#!/bin/bash\nexec python -m vllm.entrypoints.openai.api_server --model "$1" --port 8000\n',
    "slurm.sh": "#!/bin/bash\n#SBATCH --gres=gpu:8\nsource ~/.bashrc\nconda activate env\nsrun python train.py\n",
    "loop.sh": "#!/bin/bash\nfor f in *.bin; do\n  sha256sum \"$f\" | cut -d' ' -f1 >> sums.txt\ndone\n",
    "run.bat": "@echo off\r\npython train.py\r\npause\r\n",
}  # fmt: skip

_REQUIREMENTS: Final = {
    "requirements.txt": "torch>=2.0\ntransformers==4.50.0\nnumpy<3,>=1.26\naccelerate\n",
    "requirements-cuda.txt": "--extra-index-url https://download.pytorch.org/whl/cu121\ntorch==2.3.0+cu121\n",
    "requirements-git.txt": "git+https://github.com/huggingface/transformers.git@main\npeft>=0.10\n",
    "requirements-marked.txt": "# for training\nbitsandbytes>=0.43; platform_system == 'Linux'\nuvicorn[standard]==0.30\n-r requirements.txt\n",
}  # fmt: skip


def _notebook(cells: list[str], outputs: list[dict[str, object]] | None = None) -> str:
    code = [
        {"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": outputs or [], "metadata": {}}
        for cell in cells
    ]
    kernel = {"kernelspec": {"language": "python", "name": "python3"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": code})


_NOTEBOOKS: Final = {
    "quickstart.ipynb": ["!pip install -q transformers", "from transformers import pipeline\npipe = pipeline('fill-mask')\npipe('a')"],
    "colab.ipynb": ["!nvidia-smi", "%pip install -U torch\n%matplotlib inline", "from google.colab import drive\ndrive.mount('/content/drive')"],
    "image.ipynb": ["import requests\nfrom PIL import Image\nImage.open(requests.get('http://images.cocodataset.org/x.jpg', stream=True).raw)"],
    "shell.ipynb": ["!git clone https://github.com/a/b\n%cd b\n!python setup.py develop", "files = !ls\nprint(files)"],
    "timed.ipynb": ["%%time\nx = sum(range(100))", "%%bash\nls -la\nmkdir -p out", "?print"],
}  # fmt: skip


def write(folder: str) -> None:
    """Write them all, as text."""
    found = _PYTHON | _SHELL | _REQUIREMENTS
    found |= {name: _notebook(cells) for name, cells in _NOTEBOOKS.items()}
    plot: dict[str, object] = {"text/html": "<div id='a'></div><script>Plotly.newPlot('a', [])</script>"}
    found["plotly.ipynb"] = _notebook(["fig.show()"], [{"output_type": "display_data", "data": plot}])
    for name, text in found.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as file:
            file.write(text)
