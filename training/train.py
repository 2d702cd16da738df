"""Trains the demonstration model: a small Qwen3 and its byte-level BPE, from generated pairs.

    python training/train.py tokenizer --out models/demo
    python training/train.py train --work work --model models/demo --minutes 57 --tokens 2400 --compile
    python training/train.py export --work work --model models/demo

One CPU thread is enough (and, on a busy machine, faster than two).  The forward pass below is Qwen3
as transformers computes it, written out because it is faster on a CPU; `export` loads the result
into transformers' Qwen3ForCausalLM and compares logits before anything is written.
"""

import argparse
import hashlib
import json
import math
import os
import random
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import generate

CONFIG = {
    "architectures": ["Qwen3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 1275,
    "eos_token_id": 1277,
    "head_dim": 32,
    "hidden_act": "silu",
    "hidden_size": 160,
    "initializer_range": 0.02,
    "intermediate_size": 384,
    "max_position_embeddings": 2048,
    "max_window_layers": 4,
    "model_type": "qwen3",
    "num_attention_heads": 6,
    "num_hidden_layers": 4,
    "num_key_value_heads": 3,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 1000000,
    "sliding_window": None,
    "tie_word_embeddings": True,
    "torch_dtype": "float16",
    "use_cache": True,
    "use_sliding_window": False,
    "vocab_size": 1280,
}
# The five added tokens take the last ids.
END_OF_TEXT, IM_START, IM_END = 1275, 1276, 1277
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
THINK = ["<think>", "</think>"]

# How text is cut before BPE.  A blank before a lower-case word is a token of its own, so that a
# name has the same tokens after a bracket, after a blank and after a quote: copying it from the
# prompt then is copying tokens.  Capital words (keywords) and punctuation keep their blanks, digits
# stand alone.  The last s of a word is a token of its own, so that a singular and its plural differ by
# one token and not by another division of the whole word.
SPLIT = (
    r"[A-Z]?[a-z]{3,}?(?=s(?![a-z]))"
    r"|s(?![a-z])"
    r"|[A-Z]?[a-z]+"
    r"| ?[A-Z]+"
    r"|[0-9]"
    r"|_"
    r"| ?[!-/:-@\[-^`{-~]+ ?"
    r"|[^\x00-\x7F]+"
    r"|\n+ *"
    r"| +"
    r"|\s+"
)


# --------------------------------------------------------------------------------------------------
# Tokenizer
# --------------------------------------------------------------------------------------------------


def train_tokenizer(out, seed=11, count=30000):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tok.decoder = decoders.ByteLevel()
    texts = []
    for _, e in zip(range(count), generate.stream(seed)):
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
    for _, e in zip(range(2000), generate.stream(seed + 1)):
        text = generate.prompt(e) + e["answer"]
        assert tok.decode(tok.encode(text).ids, skip_special_tokens=False) == text
        head, q = e["user"].split("\n\n") if e["expert"] == "sql" else ("", e["user"])
        if head:  # training encodes the two halves of the user message apart
            assert tok.encode(head + "\n\n").ids + tok.encode(q).ids == tok.encode(e["user"]).ids
    odd = "Zürich \t\x00 日本 \r\n 'a''b' ünï 😀"
    assert tok.decode(tok.encode(odd).ids) == odd
    return tok


# --------------------------------------------------------------------------------------------------
# Model
# --------------------------------------------------------------------------------------------------


def init_weights(seed):
    g = torch.Generator().manual_seed(seed)
    c = CONFIG
    h, d, q, k, m = c["hidden_size"], c["head_dim"], c["num_attention_heads"], c["num_key_value_heads"], c["intermediate_size"]
    w = {"model.embed_tokens.weight": torch.randn(c["vocab_size"], h, generator=g) * 0.05}

    def lin(o, i, s=1.0):
        return torch.randn(o, i, generator=g) * (s / math.sqrt(i))

    for l in range(c["num_hidden_layers"]):
        p = f"model.layers.{l}."
        w[p + "self_attn.q_proj.weight"] = lin(q * d, h)
        w[p + "self_attn.k_proj.weight"] = lin(k * d, h)
        w[p + "self_attn.v_proj.weight"] = lin(k * d, h)
        w[p + "self_attn.o_proj.weight"] = lin(h, q * d, 0.02)
        w[p + "mlp.gate_proj.weight"] = lin(m, h)
        w[p + "mlp.up_proj.weight"] = lin(m, h)
        w[p + "mlp.down_proj.weight"] = lin(h, m, 0.02)
        for n, s in (("self_attn.q_norm", d), ("self_attn.k_norm", d), ("input_layernorm", h), ("post_attention_layernorm", h)):
            w[p + n + ".weight"] = torch.ones(s)
    w["model.norm.weight"] = torch.ones(h)
    plant_copying(w, g)
    return w


def plant_copying(w, g):
    """Starts the first two layers as the pair of heads that copies: layer 0 carries each token's one
    and two predecessors along, layer 1 looks for the place where the present tokens stood before and
    brings what followed.  Small models find this by themselves, but only after millions of tokens;
    training is free to change every number set here."""
    c = CONFIG
    h, d, q, k = c["hidden_size"], c["head_dim"], c["num_attention_heads"], c["num_key_value_heads"]
    per = q // k
    half = d // 2
    theta = 1.0 / (c["rope_theta"] ** (torch.arange(half).float() / half))
    E = w["model.embed_tokens.weight"]
    basis = torch.linalg.qr(torch.randn(h, h, generator=g))[0].T  # rows are orthonormal
    u, B1, B2 = basis[0], basis[1 : 1 + d], basis[1 + d : 1 + 2 * d]
    mix = torch.linalg.qr(torch.randn(h - 1, h - 1, generator=g))[0]
    A = mix[:d] @ basis[1:]  # reads what tells tokens apart, not the common part u
    # A part common to all tokens gives layer 0 something to hold on to whatever the token is.
    E -= torch.outer(E @ u, u)
    size = E.norm(dim=1).mean()
    E += 0.6 * size * u

    p = "model.layers.0.self_attn."
    amp = torch.zeros(half)
    amp[:4] = torch.tensor([1.0, 1.0, 1.0, 0.7])
    key = torch.cat([amp, torch.zeros(half)])
    w[p + "k_proj.weight"][:d] = torch.outer(key, u)
    for i, B in ((0, B1), (1, B2)):
        back = (i + 1) * theta
        w[p + "q_proj.weight"][i * d : (i + 1) * d] = torch.outer(torch.cat([amp * back.cos(), -amp * back.sin()]), u)
        w[p + "o_proj.weight"][:, i * d : (i + 1) * d] = B.T * (1.6 * size / (h / 1.36) ** 0.5 * (h / d) ** 0.5)
    w[p + "v_proj.weight"][:d] = A
    w[p + "q_norm.weight"] *= 2.2
    w[p + "k_norm.weight"] *= 2.2

    p = "model.layers.1.self_attn."
    slow = [i for i in range(d) if theta[i % half] < 0.003]
    for kv in (0, 1):
        S = torch.zeros(d, d)
        S[slow] = torch.randn(len(slow), d, generator=g)
        S2 = torch.zeros(d, d)
        S2[slow] = torch.randn(len(slow), d, generator=g)
        two = 1.0 if kv == 0 else 0.0  # the first pair of heads compares two tokens, the second one
        # Layer 0 wrote B.T @ A @ x with this factor against the token's own embedding.
        w[p + "k_proj.weight"][kv * d : (kv + 1) * d] = S @ B1 + two * 0.7 * S2 @ B2
        w[p + "v_proj.weight"][kv * d : (kv + 1) * d] = V = mix[(1 + kv) * d : (2 + kv) * d] @ basis[1:]
        for i in range(kv * per, (kv + 1) * per):
            w[p + "q_proj.weight"][i * d : (i + 1) * d] = 1.6 * (h / d) ** 0.5 * S @ A + two * 0.7 * S2 @ B1
            w[p + "o_proj.weight"][:, i * d : (i + 1) * d] = V.T * (2.0 * size / (h / 1.36) ** 0.5)
    w[p + "q_norm.weight"] *= 1.8
    w[p + "k_norm.weight"] *= 1.8


def rope_tables(n):
    d = CONFIG["head_dim"]
    inv = 1.0 / (CONFIG["rope_theta"] ** (torch.arange(0, d, 2).float() / d))
    a = torch.outer(torch.arange(n).float(), inv)
    a = torch.cat([a, a], -1)
    return a.cos(), a.sin()


COS, SIN = rope_tables(CONFIG["max_position_embeddings"])


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


def norm(x, w):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + CONFIG["rms_norm_eps"]) * w


def layer(x, cos, sin, mask, n1, qn, kn, n2, wq, wk, wv, wo, wg, wu, wd):
    b, n, _ = x.shape
    d, q, k = CONFIG["head_dim"], CONFIG["num_attention_heads"], CONFIG["num_key_value_heads"]
    y = norm(x, n1)
    Q = rotate(norm(F.linear(y, wq).view(b, n, q, d), qn), cos, sin).transpose(1, 2)
    K = rotate(norm(F.linear(y, wk).view(b, n, k, d), kn), cos, sin).transpose(1, 2)
    V = F.linear(y, wv).view(b, n, k, d).transpose(1, 2)
    K, V = K.repeat_interleave(q // k, 1), V.repeat_interleave(q // k, 1)
    a = F.scaled_dot_product_attention(Q, K, V, attn_mask=mask)
    x = x + F.linear(a.transpose(1, 2).reshape(b, n, q * d), wo)
    y = norm(x, n2)
    return x + F.linear(F.silu(F.linear(y, wg)) * F.linear(y, wu), wd)


PARTS = ("input_layernorm", "self_attn.q_norm", "self_attn.k_norm", "post_attention_layernorm", "self_attn.q_proj", "self_attn.k_proj",
         "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
run_layer = layer


def hidden(w, ids, pos, mask):
    cos, sin = COS[pos][:, :, None], SIN[pos][:, :, None]
    x = F.embedding(ids, w["model.embed_tokens.weight"])
    for l in range(CONFIG["num_hidden_layers"]):
        x = run_layer(x, cos, sin, mask, *(w[f"model.layers.{l}.{p}.weight"] for p in PARTS))
    return norm(x, w["model.norm.weight"])


# --------------------------------------------------------------------------------------------------
# Data
# --------------------------------------------------------------------------------------------------


# A training sequence is a shared beginning (system message and schema) and several questions with
# their answers.  Each question sees the beginning and itself only, and its positions follow the
# beginning directly, so it is computed exactly as if it stood alone, without computing the schema
# again for every question.

QUESTIONS = 4
MIDDLE = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"


def group(tok, r, expert, split="train", small=False, questions=QUESTIONS):
    """(beginning, [(question, answer)]) as token ids."""
    head = f"<|im_start|>system\n{generate.SYSTEM[expert]}<|im_end|>\n<|im_start|>user\n"
    if expert == "sql":
        context, pairs = generate.sql_group(r, split, small, questions)
        head += context + "\n\n"
        pairs = [(q, a) for q, a, _ in pairs]
    else:
        pairs = [(e["user"], e["answer"]) for e in (generate.example(r, split, expert, small) for _ in range(questions))]
    return tok.encode(head).ids, [(tok.encode(q + MIDDLE).ids, tok.encode(a).ids + [IM_END]) for q, a in pairs]


def single(tok, e):
    """A test example in the same form."""
    head, rest = generate.prompt(e).split("user\n", 1)
    return tok.encode(head + "user\n").ids, [(tok.encode(rest).ids, tok.encode(e["answer"]).ids + [IM_END])]


def length(g):
    return len(g[0]) + sum(len(q) + len(a) for q, a in g[1])


def batches(tok, seed, tokens, progress):
    """Batches of about `tokens` tokens; sequences of like length together.  Early on the schemas are
    small: copying is learnt faster on short prompts."""
    r = random.Random(f"train/{seed}")
    while True:
        pool = []
        small = max(0.0, 0.8 - 8 * progress())
        while len(pool) < 400:
            expert = r.choices(list(generate.SHARE), list(generate.SHARE.values()))[0]
            g = group(tok, r, expert, small=r.random() < small)
            if length(g) <= 560:
                pool.append(g)
        pool.sort(key=length)
        out, cur = [], []
        for g in pool:
            if cur and length(g) * (len(cur) + 1) > tokens:
                out.append(cur)
                cur = []
            cur.append(g)
        out.append(cur)
        r.shuffle(out)
        yield from out


def pack(batch):
    """ids, positions, attention mask, and per position what the *predicted* token is: 0 nothing,
    1 prompt, 2 answer."""
    n = max(map(length, batch))
    ids = torch.full((len(batch), n), END_OF_TEXT)
    target = torch.full((len(batch), n), END_OF_TEXT)
    kind = torch.zeros(len(batch), n, dtype=torch.long)
    seg = torch.full((len(batch), n), 99)
    pos = torch.zeros(len(batch), n, dtype=torch.long)
    for i, (head, pairs) in enumerate(batch):
        row, tgt, k, s, p = list(head), head[1:] + [END_OF_TEXT], [1] * (len(head) - 1) + [0], [0] * len(head), list(range(len(head)))
        for j, (q, a) in enumerate(pairs, 1):
            row += q + a
            tgt += q[1:] + a + [END_OF_TEXT]
            k += [1] * (len(q) - 1) + [2] * len(a) + [0]
            s += [j] * (len(q) + len(a))
            p += range(len(head), len(head) + len(q) + len(a))
        m = len(row)
        ids[i, :m], target[i, :m], kind[i, :m] = torch.tensor(row), torch.tensor(tgt), torch.tensor(k)
        seg[i, :m], pos[i, :m] = torch.tensor(s), torch.tensor(p)
    same = (seg[:, None, :] == 0) | (seg[:, None, :] == seg[:, :, None])
    mask = (same & torch.ones(n, n, dtype=torch.bool).tril())[:, None]
    return ids, pos, mask, target, kind


def losses(w, batch, with_prompt):
    ids, pos, mask, target, kind = pack(batch)
    x = hidden(w, ids, pos, mask)
    E = w["model.embed_tokens.weight"]
    ans = kind == 2
    loss = F.cross_entropy(F.linear(x[ans], E), target[ans])
    total = loss
    if with_prompt > 0:
        sel = (kind == 1) & (torch.rand(kind.shape) < 0.3)
        total = loss + with_prompt * F.cross_entropy(F.linear(x[sel], E), target[sel])
    return total, loss


@torch.no_grad()
def exact(w, items):
    """Share of answers that greedy decoding gives exactly: every token of the answer, and the end,
    is the most likely one after the true prefix."""
    hits = 0
    for i in range(0, len(items), 16):
        part = items[i : i + 16]
        ids, pos, mask, target, kind = pack(part)
        best = F.linear(hidden(w, ids, pos, mask), w["model.embed_tokens.weight"]).argmax(-1)
        hits += ((best == target) | (kind != 2)).all(1).sum().item()
    return hits / len(items)


# --------------------------------------------------------------------------------------------------
# Optimiser: Muon for the matrices inside the layers, Adam for embeddings and norms
# --------------------------------------------------------------------------------------------------


def orthogonal(G):
    """Newton-Schulz iteration: the nearest (semi-)orthogonal matrix, roughly; batched."""
    a, b, c = 3.4445, -4.7750, 2.0315
    X = G / (G.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    wide = X.shape[-2] > X.shape[-1]
    if wide:
        X = X.mT
    for _ in range(5):
        A = X @ X.mT
        X = a * X + (b * A + c * (A @ A)) @ X
    return X.mT if wide else X


class Optimiser:
    def __init__(self, w):
        self.w = w
        self.matrix = [n for n in w if ".layers." in n and w[n].dim() == 2]
        self.rest = [n for n in w if n not in self.matrix]
        self.m = {n: torch.zeros_like(v) for n, v in w.items()}
        self.v = {n: torch.zeros_like(w[n]) for n in self.rest}
        self.t = 0

    @torch.no_grad()
    def step(self, lr):
        self.t += 1
        for n in self.matrix:
            g = self.w[n].grad
            mu = min(0.95, 0.85 + 0.1 * self.t / 300)
            self.m[n].mul_(mu).add_(g)
            u = orthogonal(g + mu * self.m[n])
            self.w[n].mul_(1 - lr * 0.02 * 0.1)
            self.w[n].add_(u, alpha=-lr * 0.02 * max(1.0, u.shape[0] / u.shape[1]) ** 0.5)
            self.w[n].grad = None
        for n in self.rest:
            g = self.w[n].grad
            b1, b2 = 0.9, 0.98
            self.m[n].mul_(b1).add_(g, alpha=1 - b1)
            self.v[n].mul_(b2).addcmul_(g, g, value=1 - b2)
            m, v = self.m[n] / (1 - b1**self.t), self.v[n] / (1 - b2**self.t)
            self.w[n].add_(m / (v.sqrt() + 1e-9), alpha=-lr * 0.003)
            self.w[n].grad = None


# --------------------------------------------------------------------------------------------------


def train(a):
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    work = Path(a.work)
    work.mkdir(parents=True, exist_ok=True)
    tok = Tokenizer.from_file(str(Path(a.model) / "tokenizer.json"))
    if a.compile:
        global run_layer
        run_layer = torch.compile(layer, dynamic=True)
    w = init_weights(a.seed)
    done = 0.0
    if a.init:
        state = torch.load(a.init)
        w = state["raw"]
        done = state.get("progress", 0.0) if a.keep_progress else 0.0
    for v in w.values():
        v.requires_grad_(True)
    opt = Optimiser(w)
    if a.init and "opt" in state:
        opt.m, opt.v, opt.t = state["opt"]
    ema = {n: v.detach().clone() for n, v in w.items()}
    start = time.time()

    def progress():
        # The schedule follows the clock, because the speed of a shared machine is not known before.
        return min(1.0, done + (1 - done) * (time.time() - start) / (a.minutes * 60))

    tests = {}
    for split in ("known", "heldout", "invented"):
        for ex in generate.EXPERTS:
            items = [single(tok, e) for _, e in zip(range(100), generate.stream(900, split, ex))]
            tests[f"{split}/{ex}"] = sorted(items, key=length)
    seen = step = 0
    mean = None
    last_log = last_save = last_eval = time.time()
    for batch in batches(tok, a.seed + 1000, a.tokens, progress):
        pr = progress()
        if pr >= 1.0 or (a.steps and step >= a.steps):
            break
        lr = a.lr * min(1.0, (step + 1) / 100) * (1.0 if pr < 0.55 else max(0.02, (1 - pr) / 0.45))
        total, loss = losses(w, batch, 0.3 if pr < 0.1 else 0.0)
        total.backward()
        opt.step(lr)
        step += 1
        seen += sum(map(length, batch))
        mean = loss.item() if mean is None else 0.97 * mean + 0.03 * loss.item()
        with torch.no_grad():
            decay = min(0.995, step / (step + 20))
            for n in w:
                ema[n].lerp_(w[n], 1 - decay)
        now = time.time()
        if now - last_log > 30:
            print(f"{now - start:6.0f} s  step {step}  tokens {seen / 1e6:.2f} M  {seen / (now - start):.0f}/s  loss {mean:.4f}  lr {lr:.3f}  progress {pr:.3f}", flush=True)
            last_log = now
        if now - last_eval > a.eval_every * 60:
            print("   exact:", "  ".join(f"{k} {exact(ema, t):.2f}" for k, t in tests.items()), flush=True)
            last_eval = time.time()
        if now - last_save > 120:
            save(work, w, ema, opt, pr, step, seen)
            last_save = time.time()
    save(work, w, ema, opt, 1.0, step, seen)
    print(f"steps {step}, tokens {seen}, minutes {(time.time() - start) / 60:.1f}")
    print("   exact:", "  ".join(f"{k} {exact(ema, t):.2f}" for k, t in tests.items()), flush=True)


def save(work, w, ema, opt, pr, step, seen):
    tmp = work / "checkpoint.tmp"
    torch.save({"raw": {n: v.detach() for n, v in w.items()}, "ema": ema, "opt": (opt.m, opt.v, opt.t), "progress": pr, "step": step, "seen": seen}, tmp)
    tmp.rename(work / "checkpoint.pt")


GENERATION = {"bos_token_id": END_OF_TEXT, "do_sample": False, "eos_token_id": [IM_END, END_OF_TEXT], "pad_token_id": END_OF_TEXT}


def export(a):
    torch.set_num_threads(1)
    out = Path(a.model)
    state = torch.load(Path(a.work) / "checkpoint.pt")
    w = {n: v.to(torch.float16).contiguous() for n, v in state["ema"].items()}
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
    e = next(generate.stream(77))
    ids = torch.tensor([tok.encode(generate.prompt(e) + e["answer"]).ids])
    with torch.no_grad():
        f = {n: v.float() for n, v in w.items()}
        diff = (ref(ids).logits - F.linear(hidden(f, ids, torch.arange(ids.shape[1])[None], torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).tril()), f["model.embed_tokens.weight"])).abs().max().item()
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
    t.add_argument("--minutes", type=float, default=80)
    t.add_argument("--steps", type=int, default=0)
    t.add_argument("--seed", type=int, default=1)
    t.add_argument("--tokens", type=int, default=6000)
    t.add_argument("--lr", type=float, default=1.0)
    t.add_argument("--eval-every", type=float, default=5)
    t.add_argument("--compile", action="store_true", help="compile the layer (about a minute; needs a C++ compiler)")
    t.add_argument("--init")
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
