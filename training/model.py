"""The small Qwen3: its configuration, its first weights, its forward pass, its optimiser.

The forward pass is Qwen3 as transformers computes it, written out because it is faster; `train.py export`
compares the two.
"""

import math

import torch
import torch.nn.functional as F

CONFIG = {
    "architectures": ["Qwen3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 2043,
    "eos_token_id": 2045,
    "head_dim": 32,
    "hidden_act": "silu",
    "hidden_size": 192,
    "initializer_range": 0.02,
    "intermediate_size": 512,
    "max_position_embeddings": 2048,
    "max_window_layers": 6,
    "model_type": "qwen3",
    "num_attention_heads": 6,
    "num_hidden_layers": 6,
    "num_key_value_heads": 3,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 1000000,
    "sliding_window": None,
    "tie_word_embeddings": True,
    "torch_dtype": "float16",
    "use_cache": True,
    "use_sliding_window": False,
    "vocab_size": 2048,
}
# The five added tokens take the last ids.
END_OF_TEXT, IM_START, IM_END = 2043, 2044, 2045
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
THINK = ["<think>", "</think>"]


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


TABLES = {}


def rope_at(pos):
    """Cosines and sines of positions, from one table per device."""
    if pos.device not in TABLES:
        TABLES[pos.device] = [t.to(pos.device) for t in rope_tables(CONFIG["max_position_embeddings"])]
    cos, sin = TABLES[pos.device]
    return cos[pos][:, :, None], sin[pos][:, :, None]


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
LAYER = [layer]  # `compile_layer` puts the compiled one here


def compile_layer():
    LAYER[0] = torch.compile(layer, dynamic=True)


def hidden(w, ids, pos, mask):
    cos, sin = rope_at(pos)
    x = F.embedding(ids, w["model.embed_tokens.weight"])
    for l in range(CONFIG["num_hidden_layers"]):
        x = LAYER[0](x, cos, sin, mask, *(w[f"model.layers.{l}.{p}.weight"] for p in PARTS))
    return norm(x, w["model.norm.weight"])


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
    """Muon for the matrices inside the layers, those of one shape at once; Adam for embeddings and norms."""

    def __init__(self, w):
        self.w = w
        matrix = [n for n in w if ".layers." in n and w[n].dim() == 2]
        shapes = sorted({tuple(w[n].shape) for n in matrix})
        self.groups = [[n for n in matrix if tuple(w[n].shape) == shape] for shape in shapes]
        self.rest = [n for n in w if n not in matrix]
        self.m = {n: torch.zeros_like(v) for n, v in w.items()}
        self.v = {n: torch.zeros_like(w[n]) for n in self.rest}
        self.t = 0

    @torch.no_grad()
    def step(self, lr):
        self.t += 1
        mu = min(0.95, 0.85 + 0.1 * self.t / 300)
        for names in self.groups:
            w, g, m = ([d[n] for n in names] for d in (self.w, {n: self.w[n].grad for n in names}, self.m))
            torch._foreach_mul_(m, mu)
            torch._foreach_add_(m, g)
            u = orthogonal(torch.stack(torch._foreach_add(g, m, alpha=mu)))
            torch._foreach_mul_(w, 1 - lr * 0.02 * 0.1)
            torch._foreach_add_(w, list(u.unbind()), alpha=-lr * 0.02 * max(1.0, u.shape[1] / u.shape[2]) ** 0.5)
        w, m, v = ([d[n] for n in self.rest] for d in (self.w, self.m, self.v))
        g = [x.grad for x in w]
        b1, b2 = 0.9, 0.98
        torch._foreach_lerp_(m, g, 1 - b1)
        torch._foreach_mul_(v, b2)
        torch._foreach_addcmul_(v, g, g, value=1 - b2)
        size = torch._foreach_sqrt(torch._foreach_div(v, 1 - b2**self.t))
        torch._foreach_add_(size, 1e-9)
        torch._foreach_add_(w, torch._foreach_div(torch._foreach_div(m, 1 - b1**self.t), size), alpha=-lr * 0.003)
        for x in self.w.values():
            x.grad = None

    def state(self):
        return self.m, self.v, self.t

    @torch.no_grad()
    def load(self, state):
        m, v, self.t = state
        for mine, theirs in ((self.m, m), (self.v, v)):
            for n in mine:
                mine[n].copy_(theirs[n])
