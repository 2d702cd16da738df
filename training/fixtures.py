"""Writes the tiny random Qwen3 models that the Rust tests compare against.

The reference is transformers' own Qwen3ForCausalLM in f32 with eager attention.  The output is
committed, so that the tests need no Python:

    tests/fixtures/qwen3/tiny/         tied embeddings, one file, square attention (4 x 16 = 64)
        config.json                    older spelling: rope_theta at the top level
        config.rope_parameters.json    transformers 5 spelling of the same model
        config.yarn.json               the same weights read with YaRN (factor 4 over 32 positions)
        model.safetensors
        expected.safetensors           input_ids [97], logits [97, 512], last_hidden [97, 64]
        expected.yarn.safetensors      input_ids [97], last_hidden [97, 64] under config.yarn.json
    tests/fixtures/qwen3/tiny-untied/  own lm_head, two shards with an index, attention wider than
                                       the hidden size (4 x 16 = 64 against 32), as in the real
                                       small Qwen3 models
        config.json, model-0000{1,2}-of-00002.safetensors, model.safetensors.index.json
        expected.safetensors           input_ids [97], logits [97, 256], last_hidden [97, 32]

Run from the repository root:  python training/fixtures.py [output folder]
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

SEQ = 97  # longer than one attention block of any kernel in use, and not a multiple of anything


def base_config(**changes):
    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "head_dim": 16,
        "hidden_act": "silu",
        "hidden_size": 64,
        "initializer_range": 0.02,
        "intermediate_size": 48,
        "max_position_embeddings": 2048,
        "max_window_layers": 3,
        "model_type": "qwen3",
        "num_attention_heads": 4,
        "num_hidden_layers": 3,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-06,
        "rope_scaling": None,
        "rope_theta": 1000000,
        "sliding_window": None,
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": 512,
    }
    config.update(changes)
    return config


def rope_parameters_spelling(config):
    new = {k: v for k, v in config.items() if k not in ("rope_theta", "rope_scaling", "torch_dtype")}
    new["dtype"] = "float32"
    new["rope_parameters"] = {"rope_theta": config["rope_theta"], "rope_type": "default"}
    return dict(sorted(new.items()))


def build(config):
    cfg = Qwen3Config(**{k: v for k, v in config.items() if k != "architectures"})
    cfg._attn_implementation = "eager"
    return Qwen3ForCausalLM(cfg).float().eval()


def randomise(model, seed):
    """The default initialisation gives logits close to zero and norms of exactly one, which would
    hide most mistakes; this one makes logits reach about 10 and every norm weight matter."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            noise = torch.randn(p.shape, generator=g)
            if p.dim() == 1:
                p.copy_(1.0 + 0.2 * noise)
            elif "embed_tokens" in name or "lm_head" in name:
                p.copy_(0.35 * noise)
            else:
                p.copy_(noise * (1.3 / p.shape[1] ** 0.5))


def run(model, ids):
    with torch.no_grad():
        out = model.model(ids[None])
        last = out.last_hidden_state[0]
        logits = model(ids[None]).logits[0]
    return last.contiguous(), logits.contiguous()


def weights(model):
    tied = model.config.tie_word_embeddings
    return {
        k: v.contiguous().clone()
        for k, v in model.state_dict().items()
        if not (tied and k == "lm_head.weight")
    }


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def main():
    torch.set_num_threads(1)
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "tests/fixtures/qwen3")

    # --- tied, one file -------------------------------------------------------------------------
    out = root / "tiny"
    out.mkdir(parents=True, exist_ok=True)
    config = base_config()
    model = build(config)
    randomise(model, 1)
    ids = torch.randint(0, config["vocab_size"], (SEQ,), generator=torch.Generator().manual_seed(2))
    last, logits = run(model, ids)
    save_file(weights(model), out / "model.safetensors", {"format": "pt"})
    save_file({"input_ids": ids, "logits": logits, "last_hidden": last}, out / "expected.safetensors")
    write_json(out / "config.json", config)
    write_json(out / "config.rope_parameters.json", rope_parameters_spelling(config))

    # YaRN with 32 original positions, so that 97 positions lie well beyond them.
    yarn = base_config(
        max_position_embeddings=128,
        rope_scaling={
            "rope_type": "yarn",
            "factor": 4.0,
            "original_max_position_embeddings": 32,
        },
    )
    write_json(out / "config.yarn.json", yarn)

    # --- untied, two shards ---------------------------------------------------------------------
    out2 = root / "tiny-untied"
    out2.mkdir(parents=True, exist_ok=True)
    config2 = base_config(hidden_size=32, vocab_size=256, tie_word_embeddings=False)
    model2 = build(config2)
    randomise(model2, 3)
    ids2 = torch.randint(0, 256, (SEQ,), generator=torch.Generator().manual_seed(4))
    last2, logits2 = run(model2, ids2)
    w = weights(model2)
    names = sorted(w)
    first = [n for n in names if "layers.0" in n or "layers.1" in n or "embed" in n]
    second = [n for n in names if n not in first]
    index = {"metadata": {"total_size": sum(v.numel() * 4 for v in w.values())}, "weight_map": {}}
    for i, group in enumerate((first, second), 1):
        file = f"model-{i:05d}-of-00002.safetensors"
        save_file({n: w[n] for n in group}, out2 / file, {"format": "pt"})
        index["weight_map"].update({n: file for n in group})
    index["weight_map"] = dict(sorted(index["weight_map"].items()))
    write_json(out2 / "model.safetensors.index.json", index)
    save_file({"input_ids": ids2, "logits": logits2, "last_hidden": last2}, out2 / "expected.safetensors")
    write_json(out2 / "config.json", config2)

    # --- read everything back: the files, not the objects above, are the reference ---------------
    for name in ("config.json", "config.rope_parameters.json"):
        again = build(json.loads((out / name).read_text()))
        again.load_state_dict(load_file(out / "model.safetensors"), strict=False)
        again.tie_weights()
        assert torch.equal(run(again, ids)[1], logits), name
    again = build(yarn)
    again.load_state_dict(load_file(out / "model.safetensors"), strict=False)
    again.tie_weights()
    last_yarn, _ = run(again, ids)
    assert not torch.allclose(last_yarn, last, atol=1e-2)
    save_file({"input_ids": ids, "last_hidden": last_yarn}, out / "expected.yarn.safetensors")
    again = Qwen3ForCausalLM.from_pretrained(out2, attn_implementation="eager", dtype=torch.float32).eval()
    assert torch.equal(run(again, ids2)[1], logits2)

    print("tiny: largest logit", logits.abs().max().item(), "untied:", logits2.abs().max().item())
    print("yarn differs by", (last_yarn - last).abs().max().item())


if __name__ == "__main__":
    main()
