"""Trains the adapters of the four experts on the demonstration model: one DoRA each, on its own domain, the base frozen.

    python training/adapters.py train --expert sql --work work --minutes 4 --device cuda --workers 3 --tokens 32768 --compile
    python training/adapters.py export --expert sql --work work

The formula is PEFT's: with V = W + s B A and m the magnitudes, W becomes (m / |V|) V, row by row; |V| counts as a constant
where gradients are taken. Rank, alpha and projections are those of the expert's manifest. `export` writes PEFT's two files to
experts/NAME/demo, and where PEFT is installed compares its logits with ours.
"""

import argparse
import hashlib
import json
import math
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
sys.path.insert(0, str(Path(__file__).parent))

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

import batches
import data
import model

ROOT = Path(__file__).parent.parent
# The generator's names of the domains, by the experts' names.
DOMAIN = {"sql": "sql", "json": "json", "typescript": "typescript", "neo4j": "cypher"}
BASE = "constrained-gen/demo"
# How often a training example has the expert's system message, and how often none; else it is another expert's.
OWN, NONE = 0.6, 0.25


def place(name):
    return ROOT / "experts" / name / "demo"


def settings(name):
    """What the manifest says of the adapter: that of its first base model is the expert's."""
    manifest = json.loads((ROOT / "experts" / name / "manifest.json").read_text())
    return manifest["base_models"][0]["adapters"][0]


def modules(targets):
    kinds = {p.rsplit(".", 1)[1]: p for p in model.PARTS if p.endswith("_proj")}
    return [f"model.layers.{l}.{kinds[t]}" for l in range(model.CONFIG["num_hidden_layers"]) for t in targets]


def begin(base, names, rank, seed):
    """As PEFT begins: A by chance, B zero, the magnitudes those of the base. Weight decay has left rows without a direction in
    it, of which DoRA makes 0 / 0: they are given one, of the magnitude that they had."""
    g = torch.Generator().manual_seed(seed)
    parts = {}
    for n in names:
        w = base[n + ".weight"]
        bound = 1 / math.sqrt(w.shape[1])
        a, m = (torch.rand(rank, w.shape[1], generator=g) * 2 - 1) * bound, w.norm(dim=1)
        parts[n] = [a, 0.08 * torch.randn(w.shape[0], rank, generator=g) * (m < 0.05)[:, None], m]
    return parts


def effective(base, parts, scale):
    """The weights under the adapter."""
    w = dict(base)
    for n, (a, b, m) in parts.items():
        v = base[n + ".weight"] + scale * (b @ a)
        w[n + ".weight"] = (m / v.detach().norm(dim=1))[:, None] * v
    return w


def with_system(tok, r, group, domain):
    """The group under the expert's system message, none, or another's: the adapter knows what it is for."""
    chance = r.random()
    if chance < OWN:
        return group
    message = lambda system: f"<|im_start|>system\n{system}<|im_end|>\n"
    others = [s for d, s in data.SYSTEM.items() if d != domain]
    text = "" if chance < OWN + NONE else message(r.choice(others))
    own = tok.encode(message(data.SYSTEM[domain])).ids
    head, pairs = group
    assert head[: len(own)] == own
    return tok.encode(text).ids + head[len(own) :], pairs


def tests(tok, domain, count):
    """Questions by name of the set; `bare` has no system message."""
    sets = {}
    for split in ("known", "heldout", "invented"):
        sets[split] = [batches.single(tok, e) for _, e in zip(range(count), data.stream(900, split, domain))]
    own = len(tok.encode(f"<|im_start|>system\n{data.SYSTEM[domain]}<|im_end|>\n").ids)
    sets["bare"] = [(head[own:], pairs) for head, pairs in sets["invented"]]
    return {name: sorted(items, key=batches.length) for name, items in sets.items()}


@torch.no_grad()
def exact(w, items, device):
    hits = 0
    for i in range(0, len(items), 16):
        ids, pos, mask, target, kind = batches.on_device(batches.pack(items[i : i + 16], 32), device)
        x = model.hidden(w, ids, pos, mask.float() if mask.is_floating_point() else mask)
        hits += ((F.linear(x, w["model.embed_tokens.weight"]).argmax(-1) == target) | (kind != 2)).all(1).sum().item()
    return 100 * hits / len(items)


def train(a):
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    work = Path(a.work)
    work.mkdir(parents=True, exist_ok=True)
    domain, told = DOMAIN[a.expert], settings(a.expert)
    rank, scale = told["r"], told["alpha"] / told["r"]
    tokenizer = str(ROOT / "models/demo/tokenizer.json")
    tok = Tokenizer.from_file(tokenizer)
    if a.compile:
        model.compile_layer()
    base = {n: v.float().to(a.device) for n, v in load_file(ROOT / "models/demo/model.safetensors").items()}
    parts = begin({n: v.cpu() for n, v in base.items()}, modules(told["target_modules"]), rank, a.seed)
    parts = {n: [t.to(a.device).requires_grad_(True) for t in ts] for n, ts in parts.items()}
    matrices = [t for ts in parts.values() for t in ts[:2]]
    groups = [{"params": matrices, "rate": 1.0}, {"params": [ts[2] for ts in parts.values()], "rate": 0.3}]
    opt = torch.optim.AdamW(groups, lr=a.lr, betas=(0.9, 0.98), weight_decay=0.0)
    ema = {n: [t.detach().clone() for t in ts] for n, ts in parts.items()}
    sets = tests(tok, domain, a.tests)

    def measure(under):
        scores = {name: exact(under, items, a.device) for name, items in sets.items()}
        return "  ".join(f"{name} {score:.1f}" for name, score in scores.items())

    print(f"{a.expert}: r {rank}, base alone: {measure(base)}", flush=True)
    source = batches.stream(tokenizer, f"{a.seed + 3000}/{domain}", a.tokens, 0, a.workers, 32 if a.device != "cpu" else 1, domain, with_system)
    packed = next(source)
    start = time.time()
    step = seen = 0
    while True:
        progress = (time.time() - start) / (a.minutes * 60)
        if progress >= 1 or (a.steps and step >= a.steps):
            break
        for g in opt.param_groups:
            g["lr"] = a.lr * g["rate"] * min(1.0, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        seen += int((packed[2] != 99).sum())
        ids, pos, mask, target, kind = batches.on_device(packed, a.device)
        w = effective(base, parts, scale)
        with torch.autocast(a.device, torch.bfloat16, enabled=a.device != "cpu"):
            x = model.hidden(w, ids, pos, mask)
            loss = F.cross_entropy(F.linear(x[kind == 2], w["model.embed_tokens.weight"]).float(), target[kind == 2])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(matrices, 1.0)
        if step in (0, 1, 2, 5, 10, 20, 50) or step % 400 == 0:
            print(f"{a.expert}: {time.time() - start:5.0f} s  step {step}  tokens {seen / 1e6:.1f} M  loss {loss.item():.4f}  gradient {norm.item():.4f}", flush=True)
            if not math.isfinite(loss.item() + norm.item()):
                sys.exit(f"{a.expert}: the loss or its gradient is no number")
        opt.step()
        step += 1
        with torch.no_grad():
            for n, ts in parts.items():
                torch._foreach_lerp_(ema[n], [t.detach() for t in ts], 1 - min(0.998, step / (step + 20)))
        packed = next(source)
    # As they will be read: in 16 bits.
    ema = {n: [t.half().float() for t in ts] for n, ts in ema.items()}
    print(f"{a.expert}: {step} steps, {seen / 1e6:.1f} M tokens, {(time.time() - start) / 60:.1f} minutes; "
          f"with the adapter: {measure(effective(base, ema, scale))}", flush=True)
    torch.save({n: [t.cpu() for t in ts] for n, ts in ema.items()}, work / f"{a.expert}.pt")


def export(a):
    """PEFT's two files, and the manifest's entry for them."""
    out, told = place(a.expert), settings(a.expert)
    parts = torch.load(Path(a.work) / f"{a.expert}.pt")
    tensors = {}
    for n, (A, B, m) in parts.items():
        for name, tensor in (("lora_A.weight", A), ("lora_B.weight", B), ("lora_magnitude_vector", m)):
            tensors[f"base_model.model.{n}.{name}"] = tensor.half().contiguous()
    out.mkdir(parents=True, exist_ok=True)
    weights = out / "adapter_model.safetensors"
    save_file(dict(sorted(tensors.items())), weights, {"format": "pt"})
    os.chmod(weights, 0o644)
    config = {
        "base_model_name_or_path": BASE, "bias": "none", "fan_in_fan_out": False, "inference_mode": True,
        "init_lora_weights": True, "lora_alpha": told["alpha"], "lora_dropout": 0.0, "peft_type": "LORA", "r": told["r"],
        "target_modules": sorted(told["target_modules"]), "task_type": "CAUSAL_LM", "use_dora": True, "use_rslora": False,
    }
    (out / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")
    try:
        compare(out, parts, told)
    except ImportError:
        print("PEFT is not installed: the logits were not compared")
    size, digest = weights.stat().st_size, hashlib.sha256(weights.read_bytes()).hexdigest()
    print(f"{a.expert}: {size} bytes, sha256 {digest}")


@torch.no_grad()
def compare(out, parts, told):
    from peft import PeftModel
    from transformers import Qwen3ForCausalLM

    tok = Tokenizer.from_file(str(ROOT / "models/demo/tokenizer.json"))
    plain = Qwen3ForCausalLM.from_pretrained(ROOT / "models/demo", dtype=torch.float32)
    theirs = PeftModel.from_pretrained(plain, out).eval()
    base = {n: v.float() for n, v in load_file(ROOT / "models/demo/model.safetensors").items()}
    w = effective(base, parts, told["alpha"] / told["r"])
    e = next(data.stream(77))
    ids = torch.tensor([tok.encode(data.prompt(e) + e["answer"]).ids])
    n = ids.shape[1]
    x = model.hidden(w, ids, torch.arange(n)[None], torch.ones(n, n, dtype=torch.bool).tril())
    difference = (theirs(ids).logits - F.linear(x, w["model.embed_tokens.weight"])).abs().max().item()
    assert difference < 1e-3, difference
    print(f"against PEFT {difference:.1e}")


def main():
    p = argparse.ArgumentParser()
    sub = p.add_subparsers(dest="command", required=True)
    t = sub.add_parser("train")
    t.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    t.add_argument("--workers", type=int, default=0, help="processes that make the data; 0: this one")
    t.add_argument("--minutes", type=float, default=4)
    t.add_argument("--steps", type=int, default=0)
    t.add_argument("--seed", type=int, default=1)
    t.add_argument("--tokens", type=int, default=2400, help="tokens in a batch")
    t.add_argument("--tests", type=int, default=400, help="questions per test set")
    t.add_argument("--lr", type=float, default=2e-3)
    t.add_argument("--compile", action="store_true", help="compile the layer (about a minute; needs a C++ compiler)")
    for command in (t, sub.add_parser("export")):
        command.add_argument("--expert", required=True, choices=list(DOMAIN))
        command.add_argument("--work", required=True)
    a = p.parse_args()
    train(a) if a.command == "train" else export(a)


if __name__ == "__main__":
    main()
