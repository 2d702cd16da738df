"""Writes what transformers and PEFT compute for the models of fixtures.py: under every rule of
rotary positions, for long texts, and with adapters.

The reference is Qwen3ForCausalLM in f32 with eager attention (texts of 8,192 tokens and more:
transformers' sdpa attention, which needs no quadratic memory), and PEFT's own layers, unmerged:

    tests/fixtures/qwen3/tiny/
        config.{linear,dynamic,yarn,yarn-tuned}.json   the same weights under other rules
        reference.safetensors          {rule}.{length}: logits [positions, 512] at POSITIONS(length)
        reference.long.safetensors     {rule}.{length} for 8,192, 16,384 and 32,768 tokens
    tests/fixtures/qwen3/tiny-untied/
        reference.safetensors          default.{length}
    tests/fixtures/qwen3/adapters/{lora,rslora,dora,dora-pattern}/
        adapter_config.json, adapter_model.safetensors   as PEFT saves them; the base is tiny
        reference.safetensors          {length}: logits [positions, 512]

Token i of a text is (i * i + 31 * i + 7) % vocabulary, and positions are 0, 1, 31, 32, 96, ...,
up to the last one: nothing that can be computed is stored.

Run from the repository root:  python training/references.py
"""

import json
import tempfile
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

from fixtures import base_config, write_json

ROOT = Path("tests/fixtures/qwen3")
LENGTHS = (97, 1500)
LONG = (8192, 16384, 32768)
ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
SIX = tuple(name for name in ALL if name != "gate_proj")

RULES = {
    "linear": {"rope_type": "linear", "factor": 4.0},
    "dynamic": {"rope_type": "dynamic", "factor": 4.0},
    "yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32},
    "yarn-tuned": {
        "rope_type": "yarn",
        "factor": 16.0,
        "original_max_position_embeddings": 128,
        "attention_factor": 1.3,
        "beta_fast": 24.0,
        "beta_slow": 2.0,
        "truncate": False,
    },
}


def text(length, vocabulary):
    i = torch.arange(length)
    return (i * i + 31 * i + 7) % vocabulary


def positions(length):
    return [p for p in (0, 1, 31, 32, 96, 127, 128, 511, 512, 1024) if p < length - 1] + [length - 1]


def weights(directory):
    out = {}
    for file in sorted(directory.glob("model*.safetensors")):
        out.update(load_file(file))
    return out


def build(directory, config, attention="eager"):
    fields = {k: v for k, v in config.items() if k not in ("architectures", "torch_dtype")}
    cfg = Qwen3Config(**fields)
    cfg._attn_implementation = attention
    model = Qwen3ForCausalLM(cfg).float().eval()
    missing, unexpected = model.load_state_dict(weights(directory), strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    return model


def logits(model, length, at):
    ids = text(length, model.config.vocab_size)[None]
    with torch.no_grad():
        base = model.base_model.model if hasattr(model, "peft_config") else model
        hidden = base.model(ids).last_hidden_state[0]
        return base.lm_head(hidden[at]).contiguous()


def rules():
    out = ROOT / "tiny"
    config = json.loads((out / "config.json").read_text())
    results, long = {}, {}
    for name in ("default", *RULES):
        changed = dict(config)
        if name != "default":
            changed = base_config(max_position_embeddings=128, rope_scaling=RULES[name])
            write_json(out / f"config.{name}.json", changed)
        for length in LENGTHS:
            # A new model for each: "dynamic" remembers the longest text it has seen.
            results[f"{name}.{length}"] = logits(build(out, changed), length, positions(length))
        if name in ("default", "yarn"):
            for length in LONG:
                wide = build(out, changed, "sdpa")
                long[f"{name}.{length}"] = logits(wide, length, [length - 1])
    apart = (results["default.1500"] - results["yarn.1500"]).abs().max()
    assert apart > 0.1, apart
    save_file(results, out / "reference.safetensors")
    save_file(long, out / "reference.long.safetensors")

    out = ROOT / "tiny-untied"
    model = build(out, json.loads((out / "config.json").read_text()))
    save_file(
        {f"default.{n}": logits(model, n, positions(n)) for n in LENGTHS},
        out / "reference.safetensors",
    )


def adapters():
    base = ROOT / "tiny"
    config = json.loads((base / "config.json").read_text())
    kinds = {
        "lora": dict(r=4, lora_alpha=8, target_modules=list(ALL)),
        "rslora": dict(r=8, lora_alpha=12, use_rslora=True, target_modules=["q_proj", "v_proj"]),
        "dora": dict(r=12, lora_alpha=24, use_dora=True, target_modules=list(SIX)),
        "dora-pattern": dict(
            r=6,
            lora_alpha=12,
            use_dora=True,
            target_modules=list(SIX),
            rank_pattern={"down_proj": 3, "layers.1.self_attn.q_proj": 9},
            alpha_pattern={"up_proj": 20},
        ),
    }
    for seed, (name, fields) in enumerate(kinds.items(), 11):
        plain = build(base, config)
        model = get_peft_model(plain, LoraConfig(task_type="CAUSAL_LM", **fields)).eval()
        g = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter, p in sorted(model.named_parameters()):
                if "lora_A" in parameter or "lora_B" in parameter:
                    p.copy_(torch.randn(p.shape, generator=g) * 0.15)
                elif "lora_magnitude" in parameter:
                    p.mul_(1.0 + 0.2 * torch.randn(p.shape, generator=g))
        results = {str(n): logits(model, n, positions(n)) for n in LENGTHS}
        apart = (results["97"] - logits(build(base, config), 97, positions(97))).abs().max()
        assert apart > 0.5, apart
        out = ROOT / "adapters" / name
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as saved:
            model.save_pretrained(saved)
            saved = Path(saved)
            fields = json.loads((saved / "adapter_config.json").read_text())
            fields["target_modules"].sort()  # PEFT keeps a set: its order is chance
            write_json(out / "adapter_config.json", fields)
            save_file(load_file(saved / "adapter_model.safetensors"), out / "adapter_model.safetensors")
        save_file(results, out / "reference.safetensors")
        print(name, "moves logits by", apart.item())


def main():
    torch.set_num_threads(1)
    rules()
    adapters()


if __name__ == "__main__":
    main()
