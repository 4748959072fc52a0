"""Files as they stand beside real models: prose in many languages, tables, word lists, settings, pictures."""

# ruff: noqa: RUF001 - other languages are the point

from __future__ import annotations

import io
import json
from collections.abc import Iterator

from PIL import Image

README = """---
license: apache-2.0
language: [en, de, zh]
tags:
- text-generation
---
# Tiny model 🐍

**{title}** — {text}

| metric | value |
|---|---:|
| loss   | 1.25 |

```python
from transformers import AutoModel

model = AutoModel.from_pretrained("tiny")
print(model)
```

```bash
$ pip install -U tiny-model && python -c 'import tiny; tiny.run()'
```

<p align="center"><img src="logo.png" width="400"/></p>
"""

PROSE = {
    "en": "A small model. It can't do much; it's honest about that (see below).",
    "de": "Ein kleines Modell für schöne Größen – und Füße.",
    "fr": "Un modèle léger, entraîné à l'été : ça marche déjà « très bien ».",
    "es": "¿Qué hace? ¡Poco! Pero lo hace mañana y siempre.",
    "ru": "Небольшая модель для проверки текста.",
    "el": "Ένα μικρό μοντέλο για δοκιμές.",
    "zh": "这是一个很小的模型，用于测试。",
    "ja": "これは小さなモデルです。テスト用。",
    "ko": "이것은 작은 모델입니다.",
    "ar": "هذا نموذج صغير للاختبار.",
    "he": "זהו מודל קטן לבדיקה.",
    "hi": "यह परीक्षण के लिए एक छोटा मॉडल है।",
    "th": "นี่คือโมเดลขนาดเล็กสำหรับการทดสอบ",
    "vi": "Đây là một mô hình nhỏ để kiểm tra.",
    "emoji": "🤗🚀👩🏽‍💻 ✅ → ∑∫√ “quotes” … — ½ µm",
}

WORDS = [
    "[PAD]",
    "[UNK]",
    "the",
    "cat",
    "import",
    "class",
    "##ing",
    "(",
    ")",
    ".",
    "]",
    "}",
    "c",
    "S'",
    "I1",
    "été",
    "的",
    "😀",
]

LICENSE = "Copyright 2024 The Authors.\n\nPermission is hereby granted, free of charge, to any person\f\n" * 40


def harmless() -> Iterator[tuple[str, bytes]]:
    """Yield names and contents."""
    for language, text in PROSE.items():
        yield f"README.{language}.md", README.format(title=language, text=text).encode()
        yield f"notes.{language}.txt", (text + "\n").encode("utf-16")
    yield from _texts()
    yield from _tables()
    yield from _settings()
    yield from _pictures()


def _texts() -> Iterator[tuple[str, bytes]]:
    yield "LICENSE", LICENSE.encode()
    yield "LICENSE.latin1", "© Universität Zürich, naïve façade\n".encode("latin-1") * 20
    yield "windows.txt", b"\xef\xbb\xbf" + "Grüße\r\nzwei\r\n".encode()
    yield "old_mac.txt", b"one\rtwo\rthree\r"
    yield ".gitattributes", b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n*.bin filter=lfs -text\n"
    yield ".gitignore", b"__pycache__/\n*.pyc\n"
    yield "requirements.txt", b"numpy>=1.26\ntorch==2.4.0\n# comment\n-e .\n"
    yield "pointer.bin", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    yield "newline", b"\n"
    yield "one_letter", b"a"
    yield "__init__.py", b""
    yield "citation.bib", b"@article{x, title={A model}, year={2024}}\n"
    yield "train.log", b"".join(b"epoch %d loss %f\r" % (i, 1 / (i + 1)) for i in range(5000))
    yield "chat_template.jinja", b"{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    yield "logo.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><circle cx="5" cy="5" r="4"/></svg>\n'
    yield "long_line.txt", b"x" * 3_000_000


def _tables() -> Iterator[tuple[str, bytes]]:
    yield "vocab.txt", "\n".join(WORDS * 300).encode()
    yield "merges.txt", b"#version: 0.2\n" + "\n".join(f"{a} {b}" for a in WORDS for b in WORDS).encode()
    yield "labels.txt", b"tench, Tinca tinca\ngoldfish, Carassius auratus\ncock\nhen\n" * 50
    yield "data.csv", b"id,name,score\n" + b"".join(b'%d,"n, %d",%f\n' % (i, i, i / 7) for i in range(500))
    yield "data.tsv", "a\tb\tc\n1\t2\té\n".encode() * 100
    yield "numbers.txt", b"1\n2\n3\n4.5\n-6e10\nnan\ninf\n"
    yield "data.jsonl", b'{"text": "one"}\n{"text": "two", "n": [1, 2]}\n' * 100
    yield "matrix.mtx", b"%%MatrixMarket matrix coordinate real general\n3 3 1\n1 1 2.5\n"
    yield "words.svm", b"1 1:0.5 2:0.25\n0 3:1\n" * 20
    yield "glove.txt", b"the 0.418 0.24968 -0.41242\nof 0.70853 0.57088 -0.4716\n" * 40
    yield "tree.txt", b"tree\nversion=v4\nnum_class=1\nfeature_names=a b c\n\nTree=0\nnum_leaves=3\n"


def _settings() -> Iterator[tuple[str, bytes]]:
    config = {"architectures": ["TinyModel"], "hidden_size": 8, "eps": 1e-5, "nested": {"a": [1, None, True]}}
    vocab = {word: i for i, word in enumerate(WORDS)}
    yield "config.json", json.dumps(config, indent=2).encode()
    yield "config_min.json", json.dumps(config, separators=(",", ":")).encode()
    yield "vocab.json", json.dumps(vocab, ensure_ascii=False).encode()
    yield "vocab_ascii.json", json.dumps(vocab).encode()
    yield "tokenizer.json", json.dumps({"version": "1.0", "model": {"type": "BPE", "vocab": vocab}}, indent=1).encode()
    yield "nan.json", b'{"loss": NaN, "max": Infinity, "min": -Infinity}\n'
    yield "list.json", b"[]"
    yield "scalar.json", b"42\n"
    yield "string.json", b'"c"'
    yield "bom.json", b"\xef\xbb\xbf" + json.dumps(config).encode()
    yield "deep.json", b"[" * 400 + b"]" * 400
    yield "big.json", json.dumps({f"layer.{i}.weight": f"model-{i % 4}.safetensors" for i in range(30_000)}).encode()
    yield "config.yaml", b"# settings\nmodel:\n  name: tiny\n  layers: [1, 2]\n---\nsecond: true\n"
    yield "pyproject.toml", b'[project]\nname = "tiny"\nversion = "1.0"\n'
    yield "setup.cfg", b"[metadata]\nname = tiny\n\n[options]\npackages = find:\n"
    yield "settings.ini", b"[DEFAULT]\nvalue=1\n; note\n"
    yield "model.xml", b'<?xml version="1.0"?>\n<net name="tiny" version="11"><layers/></net>\n'
    yield "version", b"3\n"
    yield "byteorder", b"little"
    yield "MANIFEST.json", b'{"model": {"modelName": "tiny", "serializedFile": "model.pt"}, "archiverVersion": "0.9"}'


def _pictures() -> Iterator[tuple[str, bytes]]:
    picture = Image.radial_gradient("L").resize((40, 30))
    modes = {
        "png": ["1", "L", "P", "RGB", "RGBA"], "jpeg": ["L", "RGB", "CMYK"], "gif": ["L", "P"], "webp": ["RGB", "RGBA"],
        "bmp": ["1", "L", "RGB"], "ico": ["RGBA"],
    }  # fmt: skip
    for kind, wanted in modes.items():
        for mode in wanted:
            yield f"{kind}_{mode}.{kind}", _encoded(picture.convert(mode), kind)
    frames = [picture.rotate(angle).convert("P") for angle in (0, 30, 60)]
    yield (
        "moving.gif",
        _encoded(frames[0], "gif", save_all=True, append_images=frames[1:], loop=0, comment=b"made here"),
    )
    yield "moving.png", _encoded(frames[0], "png", save_all=True, append_images=frames[1:])
    yield "moving.webp", _encoded(frames[0].convert("RGB"), "webp", save_all=True, append_images=frames[1:])
    yield "progressive.jpeg", _encoded(picture.convert("RGB"), "jpeg", progressive=True, quality=90, dpi=(300, 300))
    yield "large.jpeg", _encoded(picture.convert("RGB").resize((900, 700)), "jpeg", restart_marker_blocks=4)
    yield "interlaced.png", _encoded(picture, "png", optimize=True, dpi=(72, 72))


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
