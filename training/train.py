"""Trains the demonstration model: a small Qwen3 and its byte-level BPE, from generated pairs.

    python training/train.py tokenizer --out models/demo
    python training/train.py train --work work --model models/demo --minutes 8 --device cuda --workers 14 --tokens 65536 --compile
    python training/train.py export --work work --model models/demo

On a CPU, `--minutes 57 --tokens 2400 --compile` uses one thread (and, on a busy machine, is faster than
with two).  `export` loads the result into transformers' Qwen3ForCausalLM and compares logits before
anything is written.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
sys.path.insert(0, str(Path(__file__).parent))

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import batches
import data
import model
from model import CONFIG, END_OF_TEXT, IM_END, SPECIAL, THINK

# How text is cut before BPE.  The first letter of a word is a token of its own, with the blank before
# it: ` e`, `e`, ` E` and `E` are four tokens, and `mployee` is the same one in `employee`, `Employee` and
# `getEmployee`.  So a name has the same tokens in a schema, in a question and in an answer but for its
# first letter, and there is one rule from letter to letter to learn.  The last s of a word stands alone,
# too, so that a singular and its plural differ by one token and not by another division of the whole
# word.  Words in capitals (keywords, relationship types) and punctuation keep their blanks, digits stand
# alone.
SPLIT = (
    r" ?[A-Z](?=[a-z])"
    r"| [a-z]|(?<![A-Za-z])[a-z]"
    r"|[a-z]{2,}?(?=s(?![a-z]))"
    r"|s(?![a-z])"
    r"|[a-z]+"
    r"| ?[A-Z]+(?![a-z])"
    r"|[0-9]"
    r"|_"
    r"| ?[!-/:-@\[-^`{-~]+ ?"
    r"|[^\x00-\x7F]+"
    r"|\n+ *"
    r"| +"
    r"|\s+"
)


# Tokenizer


def train_tokenizer(out, seed=11, count=60000):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tok.decoder = decoders.ByteLevel()
    texts = []
    for _, e in zip(range(count), data.stream(seed)):
        texts += [e["system"], e["user"], e["answer"], "system\n", "user\n", "assistant\n"]
    n_added = len(SPECIAL) + len(THINK)
    trainer = trainers.BpeTrainer(
        vocab_size=CONFIG["vocab_size"] - n_added, min_frequency=2, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tok.train_from_iterator(texts, trainer)
    # Added tokens follow the model's vocabulary, in the order of Qwen3's own file.
    spec = json.loads(tok.to_str())
    first = len(spec["model"]["vocab"])
    spec["added_tokens"] = [
        {"id": first + i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": t in SPECIAL}
        for i, t in enumerate(SPECIAL + THINK)
    ]
    out.mkdir(parents=True, exist_ok=True)
    tok = Tokenizer.from_str(json.dumps(spec))
    assert tok.get_vocab_size() == CONFIG["vocab_size"], tok.get_vocab_size()
    assert [tok.token_to_id(t) for t in SPECIAL + THINK] == list(range(END_OF_TEXT, CONFIG["vocab_size"]))
    (out / "tokenizer.json").write_text(json.dumps(json.loads(tok.to_str()), ensure_ascii=False, indent=1) + "\n")
    for _, e in zip(range(2000), data.stream(seed + 1)):
        text = data.prompt(e) + e["answer"]
        assert tok.decode(tok.encode(text).ids, skip_special_tokens=False) == text
        *head, q = e["user"].split("\n\n", 1)
        if head:  # training encodes the two halves of the user message apart
            assert tok.encode(head[0] + "\n\n").ids + tok.encode(q).ids == tok.encode(e["user"]).ids
    odd = "Zürich \t\x00 日本 \r\n 'a''b' ünï 😀"
    assert tok.decode(tok.encode(odd).ids) == odd
    return tok


# Training


def losses(w, tensors, with_prompt):
    ids, pos, mask, target, kind = tensors
    x = model.hidden(w, ids, pos, mask)
    E = w["model.embed_tokens.weight"]
    ans = kind == 2
    loss = F.cross_entropy(F.linear(x[ans], E).float(), target[ans])
    total = loss
    if with_prompt > 0:
        sel = (kind == 1) & (torch.rand(kind.shape, device=kind.device) < 0.3)
        total = loss + with_prompt * F.cross_entropy(F.linear(x[sel], E).float(), target[sel])
    return total, loss


@torch.no_grad()
def exact(w, items, device):
    """Share of answers that greedy decoding gives exactly: every token of the answer, and the end,
    is the most likely one after the true prefix."""
    hits = 0
    for i in range(0, len(items), 16):
        ids, pos, mask, target, kind = batches.on_device(batches.pack(items[i : i + 16], 32), device)
        best = F.linear(model.hidden(w, ids, pos, mask.float() if mask.is_floating_point() else mask), w["model.embed_tokens.weight"]).argmax(-1)
        hits += ((best == target) | (kind != 2)).all(1).sum().item()
    return hits / len(items)


def train(a):
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    work = Path(a.work)
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = str(Path(a.model) / "tokenizer.json")
    tok = Tokenizer.from_file(tokenizer)
    if a.compile:
        model.compile_layer()
    w = model.init_weights(a.seed)
    done = 0.0
    if a.init:
        state = torch.load(Path(a.init) / "state.pt")
        w = torch.load(Path(a.init) / "raw.pt")
        done = state["progress"] if a.keep_progress else 0.0
    w = {n: v.to(a.device).requires_grad_(True) for n, v in w.items()}
    opt = model.Optimiser(w)
    if a.init:
        opt.load((torch.load(Path(a.init) / "momentum.pt"), state["v"], state["t"]))
    ema = {n: v.detach().clone() for n, v in w.items()}

    tests = {}
    for ex in data.EXPERTS:
        for split in ("known", "heldout", "invented"):
            items = [batches.single(tok, e) for _, e in zip(range(a.tests), data.stream(900, split, ex))]
            tests[f"{split}/{ex}"] = sorted(items, key=batches.length)

    def measure():
        print("   exact:", "  ".join(f"{k} {100 * exact(ema, t, a.device):.0f}" for k, t in tests.items()), flush=True)

    source = batches.stream(tokenizer, a.data_seed or a.seed + 1000, a.tokens, a.small, a.workers, 32 if a.device != "cpu" else 1)
    first = next(source)
    start = time.time()

    def progress():
        # The schedule follows the clock, because the speed of a shared machine is not known before.
        return min(1.0, done + (1 - done) * (time.time() - start) / (a.minutes * 60))

    seen = step = 0
    mean = torch.zeros((), device=a.device)
    waited = 0.0
    last_log = last_save = last_eval = start
    packed = first
    while True:
        pr = progress()
        if pr >= 1.0 or (a.steps and step >= a.steps):
            break
        lr = a.lr * min(1.0, (step + 1) / 100) * (1.0 if pr < 0.55 else max(0.02, (1 - pr) / 0.45))
        seen += int((packed[2] != 99).sum())
        with torch.autocast(a.device, torch.bfloat16, enabled=a.device != "cpu"):
            total, loss = losses(w, batches.on_device(packed, a.device), 0.3 if pr < 0.1 else 0.0)
        total.backward()
        opt.step(lr)
        step += 1
        with torch.no_grad():
            mean.lerp_(loss.detach(), 1.0 if step == 1 else 0.03)
            torch._foreach_lerp_(list(ema.values()), list(w.values()), 1 - min(0.995, step / (step + 20)))
        before = time.time()
        packed = next(source)
        now = time.time()
        waited += now - before
        if now - last_log > 30:
            print(f"{now - start:6.0f} s  step {step}  tokens {seen / 1e6:.1f} M  {seen / (now - start):.0f}/s  waited {waited:.0f} s  "
                  f"loss {mean.item():.4f}  lr {lr:.3f}  progress {pr:.3f}", flush=True)
            last_log = now
        if now - last_eval > a.eval_every * 60:
            measure()
            last_eval = time.time()
        if now - last_save > 120:
            save(work, w, ema, opt, pr, step, seen)
            last_save = time.time()
    save(work, w, ema, opt, 1.0, step, seen)
    print(f"steps {step}, tokens {seen}, minutes {(time.time() - start) / 60:.1f}")
    measure()


def save(work, w, ema, opt, pr, step, seen):
    """The checkpoint, in files of at most 12 MB."""
    m, v, t = opt.state()
    parts = {"raw": {n: x.detach() for n, x in w.items()}, "ema": ema, "momentum": m,
             "state": {"v": v, "t": t, "progress": pr, "step": step, "seen": seen}}
    for name, part in parts.items():
        to_cpu = lambda x: x.detach().cpu() if torch.is_tensor(x) else {n: to_cpu(y) for n, y in x.items()} if isinstance(x, dict) else x
        torch.save(to_cpu(part), work / f"{name}.tmp")
        (work / f"{name}.tmp").rename(work / f"{name}.pt")


# Export


GENERATION = {"bos_token_id": END_OF_TEXT, "do_sample": False, "eos_token_id": [IM_END, END_OF_TEXT], "pad_token_id": END_OF_TEXT}


def export(a):
    torch.set_num_threads(1)
    out = Path(a.model)
    state = torch.load(Path(a.work) / "state.pt")
    w = {n: v.to(torch.float16).contiguous() for n, v in torch.load(Path(a.work) / "ema.pt").items()}
    save_file(dict(sorted(w.items())), out / "model.safetensors", {"format": "pt"})
    os.chmod(out / "model.safetensors", 0o644)
    (out / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    (out / "generation_config.json").write_text(json.dumps(GENERATION, indent=2) + "\n")
    # The template is Qwen3's with thinking off, without tools.
    template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n\n</think>\n\n{% endif %}"
    )
    tc = {
        "add_bos_token": False, "add_prefix_space": False, "bos_token": None, "chat_template": template,
        "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>", "errors": "replace",
        "model_max_length": CONFIG["max_position_embeddings"], "pad_token": "<|endoftext|>",
        "tokenizer_class": "PreTrainedTokenizerFast", "unk_token": None,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(tc, indent=2, ensure_ascii=False) + "\n")

    from transformers import Qwen3ForCausalLM
    ref = Qwen3ForCausalLM.from_pretrained(out, dtype=torch.float32).eval()
    tok = Tokenizer.from_file(str(out / "tokenizer.json"))
    e = next(data.stream(77))
    ids = torch.tensor([tok.encode(data.prompt(e) + e["answer"]).ids])
    n = ids.shape[1]
    with torch.no_grad():
        f = {n: v.float() for n, v in w.items()}
        own = F.linear(model.hidden(f, ids, torch.arange(n)[None], torch.ones(n, n, dtype=torch.bool).tril()), f["model.embed_tokens.weight"])
        diff = (ref(ids).logits - own).abs().max().item()
    assert diff < 1e-3, diff
    params = sum(v.numel() for v in w.values())
    digest = hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest()
    print(f"parameters {params}, step {state['step']}, tokens {state['seen']}, against transformers {diff:.1e}")
    print(f"model.safetensors {(out / 'model.safetensors').stat().st_size} bytes, sha256 {digest}")


def main():
    p = argparse.ArgumentParser()
    sub = p.add_subparsers(dest="command", required=True)
    t = sub.add_parser("tokenizer")
    t.add_argument("--out", default="models/demo")
    t = sub.add_parser("train")
    t.add_argument("--work", required=True)
    t.add_argument("--model", default="models/demo")
    t.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    t.add_argument("--workers", type=int, default=0, help="processes that make the data; 0: this one")
    t.add_argument("--minutes", type=float, default=57)
    t.add_argument("--steps", type=int, default=0)
    t.add_argument("--seed", type=int, default=1)
    t.add_argument("--data-seed", help="another seed for the data than seed + 1000, to go on with fresh examples")
    t.add_argument("--tokens", type=int, default=2400, help="tokens in a batch")
    t.add_argument("--small", type=int, default=1500, help="groups of examples at the start that have small schemas")
    t.add_argument("--tests", type=int, default=100, help="questions per test set during training")
    t.add_argument("--lr", type=float, default=1.0)
    t.add_argument("--eval-every", type=float, default=5)
    t.add_argument("--compile", action="store_true", help="compile the layer (about a minute; needs a C++ compiler)")
    t.add_argument("--init", help="folder of an earlier run to go on from")
    t.add_argument("--keep-progress", action="store_true")
    t = sub.add_parser("export")
    t.add_argument("--work", required=True)
    t.add_argument("--model", default="models/demo")
    a = p.parse_args()
    if a.command == "tokenizer":
        train_tokenizer(Path(a.out))
    elif a.command == "train":
        train(a)
    else:
        export(a)


if __name__ == "__main__":
    main()
