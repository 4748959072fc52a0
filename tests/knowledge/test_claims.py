"""What names of models claim, held to what is in the files of the models of those names."""

from __future__ import annotations

import pytest

from weighmaster.knowledge.claims import contradicted
from weighmaster.knowledge.repository import tree_of
from weighmaster.model.fact import Artifact, Statement, Weights
from weighmaster.model.repository import Repository
from weighmaster.model.where import Where

HONEST = [
    ("Llama-2-7b-hf", 6_738_415_616), ("Llama-2-70b-chat-hf", 68_976_648_192), ("Meta-Llama-3-8B", 8_030_261_248),
    ("Llama-3.1-405B-Instruct-FP8", 405_853_388_800), ("Llama-3.2-1B", 1_235_814_400), ("Llama-3.2-3B", 3_212_749_824),
    ("Llama-3.2-11B-Vision", 10_670_220_835), ("Llama-4-Scout-17B-16E-Instruct", 108_641_793_536),
    ("Llama-4-Maverick-17B-128E", 401_583_781_376), ("Mistral-7B-v0.1", 7_241_732_096),
    ("Mixtral-8x7B-Instruct-v0.1", 46_702_792_704), ("Mixtral-8x22B-v0.1", 140_620_634_112),
    ("Mixtral_34Bx2_MoE_60B", 60_813_918_208), ("Beyonder-4x7B-v2", 24_153_690_112),
    ("Qwen2.5-0.5B", 494_032_768), ("Qwen2.5-7B-Instruct-1M", 7_615_616_512), ("Qwen2.5-72B", 72_706_203_648),
    ("Qwen-1_8B", 1_836_828_672), ("Qwen1.5-MoE-A2.7B", 14_315_784_192), ("Qwen3-0.6B", 751_632_384),
    ("Qwen3-30B-A3B", 30_532_122_624), ("Qwen3-235B-A22B", 235_093_634_560), ("Qwen2-VL-2B-Instruct", 2_208_985_600),
    ("Qwen2.5-Omni-7B", 10_732_225_408), ("Qwen3-Embedding-8B", 7_567_295_488), ("gte-Qwen2-7B", 7_613_000_000),
    ("gemma-2b", 2_506_172_416), ("gemma-7b", 8_537_680_896), ("gemma-2-27b-it", 27_227_128_320),
    ("gemma-3-4b-it", 4_300_079_472), ("gemma-3-270m", 268_098_176), ("gemma-3n-E4B-it", 7_849_978_192),
    ("Phi-3-mini-4k-instruct", 3_821_079_552), ("phi-1_5", 1_418_270_720), ("gpt2-xl", 1_557_611_200),
    ("GPT-J 6B", 6_050_882_784), ("gpt-neox-20b", 20_554_567_680), ("GPT-Neo 125M", 150_364_428),
    ("pythia-70m", 95_592_496), ("pythia-12b-deduped", 11_846_072_320), ("opt-350m", 331_196_416),
    ("bloom-560m", 559_214_592), ("bloom-7b1", 7_069_016_064), ("falcon-180B", 179_522_565_120),
    ("mpt-7b-8k", 6_649_286_656), ("internlm2-1_8b", 1_889_110_016), ("internlm2_5-1_8b-chat", 1_889_110_016),
    ("OpenELM-1_1B-Instruct", 1_079_891_456), ("stablelm-2-1_6b", 1_644_515_328), ("stablelm-3b-4e1t", 2_795_443_200),
    ("Yi-34B-200K", 34_388_917_248), ("starcoder2-15b", 15_957_889_024), ("TinyLlama-1.1B-Chat-v1.0", 1_100_048_384),
    ("TinyLlama-1.1B-intermediate-step-1431k-3T", 1_100_048_384), ("SmolLM-135M", 134_515_008),
    ("BitNet-b1.58-2B-4T", 2_412_820_480), ("OLMo-2-0425-1B", 1_484_916_736), ("OLMoE-1B-7B-0924", 6_919_161_856),
    ("OpenMoE-8B-32E", 34_000_000_000), ("granite-3.0-1b-a400m-instruct", 1_334_628_352),
    ("deepseek-moe-16b-base", 16_375_728_128), ("DeepSeek-R1-Distill-Qwen-1.5B", 1_777_088_000),
    ("DeepSeek-R1-0528-Qwen3-8B", 8_190_735_360), ("c4ai-command-r7b-12-2024", 8_027_832_320),
    ("VibeVoice-1.5B", 2_704_021_985), ("Voxtral-Mini-3B-2507", 4_676_000_000), ("blip2-opt-2.7b", 3_744_761_856),
    ("llava-1.5-7b-hf", 7_063_427_072), ("InternVL2-1B", 938_158_976), ("SmolVLM-256M-Instruct", 256_484_928),
    ("bert-base-uncased", 109_514_298), ("all-MiniLM-L6-v2", 22_713_728), ("t5-11b", 11_307_321_344),
    ("nllb-200-distilled-600M", 615_073_792), ("m2m100_418M", 483_905_536), ("wav2vec2-large-960h", 315_461_792),
    ("wav2vec2-xls-r-300m", 315_438_720), ("clip-vit-large-patch14", 427_616_513),
    ("CLIP-ViT-B-32-laion2B-s34B-b79K", 151_277_313), ("CLIP ViT-B/32 - LAION-2B", 151_277_313),
    ("metaclip-b32-400m", 151_277_313), ("siglip-so400m-patch14-384", 877_960_498),
    ("eva02_large_patch14_clip_336.merged2b_s6b_b61k", 428_000_000), ("esm2_t6_8M_UR50D", 7_512_474),
    ("nucleotide-transformer-500m-human-ref", 480_440_000), ("hyenadna-large-1m-seqlen-hf", 6_550_000),
    ("ChemBERTa-77M-MLM", 3_427_967), ("TinyStories-33M", 68_514_816), ("TinyStories-1M", 3_745_984),
    ("EAGLE-LLaMA3-Instruct-8B", 250_000_000), ("medusa-vicuna-7b-v1.3", 368_000_000),
    ("llama-2-7b-lora", 4_194_304), ("tiny-random-Llama-3-8B", 4_112_000), ("Kokoro-82M", 81_763_410),
    ("AIMv2-1B-patch14-224", 1_234_000_000), ("Llama-3-8B-Instruct-Gradient-1048k", 8_030_261_248),
]  # fmt: skip
"""Models by the titles of their cards, and how many numbers their files hold."""


def _claims(title: str, elements: int, dtype: str = "F16", file: str = "model.safetensors") -> list[str]:
    readme, weights = Where.file("README.md"), Where.file(file)
    artifacts = tuple(Artifact(where=where, size=1, sha256="", formats=()) for where in (readme, weights))
    facts = (
        Statement(where=readme, key="title", value=title, by="card"),
        Weights(where=weights, tensors=9, dtypes=(dtype,), counts=(elements,), by="safetensors"),
    )
    whole = Repository(where=Where.file("m"), folder=True, artifacts=artifacts, facts=facts)
    return [claim.said for claim in contradicted(tree_of(whole))]


@pytest.mark.parametrize(("title", "elements"), HONEST)
def test_an_honest_name_is_not_contradicted(title: str, elements: int) -> None:
    assert not _claims(title, elements)


@pytest.mark.parametrize(
    ("title", "elements", "dtype"),
    [
        ("Llama-2-7B-GPTQ", 1_130_000_000, "I32"),
        ("Meta-Llama-3-8B-Instruct-bnb-4bit", 4_540_000_000, "U8"),
        ("Mistral-7B-v0.1-4bit-mlx", 1_130_000_000, "U32"),
    ],
)
def test_packed_numbers_contradict_no_name(title: str, elements: int, dtype: str) -> None:
    assert not _claims(title, elements, dtype)


@pytest.mark.parametrize(
    ("title", "elements"),
    [
        ("Llama-2-7b-hf", 1_100_048_384),
        ("Qwen2.5-72B", 7_615_616_512),
        ("Mixtral-8x7B", 1_100_048_384),
        ("Llama-4-Scout-17B-16E", 1_235_814_400),
        ("Qwen2.5-0.5B", 7_615_616_512),
        ("SmolLM-135M", 1_711_376_384),
        ("Qwen3-30B-A3B", 3_000_000_000),
        ("TinyStories-33M", 1_100_048_384),
    ],
)
def test_a_name_of_another_size_is_contradicted(title: str, elements: int) -> None:
    assert _claims(title, elements)
