"""How examples become training batches, in this process or in several others.

A training sequence is a shared beginning (system message and schema) and several questions with their
answers.  Each question sees the beginning and itself only, and its positions follow the beginning
directly, so it is computed exactly as if it stood alone, without computing the schema again for every
question.
"""

import multiprocessing
import random

import numpy as np
import torch
from tokenizers import Tokenizer

import data
from model import END_OF_TEXT, IM_END

QUESTIONS = 4
LONGEST = 640
COMMENTED = data.Options(comment_stripping=False)  # some schemas carry comments, as people's do
MIDDLE = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"


def group(tok, r, expert, split="train", small=False, questions=QUESTIONS):
    """(beginning, [(question, answer)]) as token ids."""
    head = f"<|im_start|>system\n{data.SYSTEM[expert]}<|im_end|>\n<|im_start|>user\n"
    options = COMMENTED if r.random() < 0.08 else data.Options()
    context, pairs = data.EXPERTS[expert](r, split, small, questions, options)
    if context:
        head += context + "\n\n"
    ids = [e.ids for e in tok.encode_batch_fast([head, *(q + MIDDLE for q, _, _ in pairs), *(a for _, a, _ in pairs)])]
    n = len(pairs)
    return ids[0], [(q, a + [IM_END]) for q, a in zip(ids[1 : n + 1], ids[n + 1 :])]


def single(tok, e):
    """A test example in the same form."""
    head, rest = data.prompt(e).split("user\n", 1)
    return tok.encode(head + "user\n").ids, [(tok.encode(rest).ids, tok.encode(e["answer"]).ids + [IM_END])]


def length(g):
    return len(g[0]) + sum(len(q) + len(a) for q, a in g[1])


def groups_of_like_length(tok, seed, tokens, small, pool_size, expert=None, change=None):
    """Lists of groups of about `tokens` tokens.  The first `small` groups have small schemas: copying is
    learnt faster on short prompts.  Groups of one expert alone may be changed."""
    r = random.Random(f"train/{seed}")
    made = 0
    while True:
        pool = []
        while len(pool) < pool_size:
            made += 1
            g = group(tok, r, expert or data.pick_expert(r), small=r.random() < 0.8 * (1 - made / small) if made < small else False)
            if change:
                g = change(tok, r, g, expert)
            if length(g) <= LONGEST:
                pool.append(g)
        pool.sort(key=length)
        out, cur = [], []
        for g in pool:
            if cur and length(g) * (len(cur) + 1) > tokens:
                out.append(cur)
                cur = []
            cur.append(g)
        if cur:
            out.append(cur)
        r.shuffle(out)
        yield from out


def pack(batch, multiple=1):
    """ids, positions, segment (0 the beginning, 1.. the questions, 99 nothing), the token that is to be
    predicted, and its kind: 0 nothing, 1 prompt, 2 answer."""
    n = -(-max(map(length, batch)) // multiple) * multiple
    shape = len(batch), n
    ids = np.full(shape, END_OF_TEXT, np.int16)
    target = np.full(shape, END_OF_TEXT, np.int16)
    kind = np.zeros(shape, np.uint8)
    seg = np.full(shape, 99, np.uint8)
    pos = np.zeros(shape, np.int16)
    for i, (head, pairs) in enumerate(batch):
        row, tgt, k, s, p = list(head), head[1:] + [END_OF_TEXT], [1] * (len(head) - 1) + [0], [0] * len(head), list(range(len(head)))
        for j, (q, a) in enumerate(pairs, 1):
            row += q + a
            tgt += q[1:] + a + [END_OF_TEXT]
            k += [1] * (len(q) - 1) + [2] * len(a) + [0]
            s += [j] * (len(q) + len(a))
            p += range(len(head), len(head) + len(q) + len(a))
        m = len(row)
        ids[i, :m], target[i, :m], kind[i, :m], seg[i, :m], pos[i, :m] = row, tgt, k, s, p
    return ids, pos, seg, target, kind


def on_device(packed, device):
    """The tensors of a packed batch, with the attention mask made where it is used."""
    ids, pos, seg, target, kind = (torch.from_numpy(a).to(device, non_blocking=True) for a in packed)
    n = ids.shape[1]
    same = (seg[:, None, :] == 0) | (seg[:, None, :] == seg[:, :, None])
    mask = (same & torch.ones(n, n, dtype=torch.bool, device=device).tril())[:, None]
    if device != "cpu":  # what the fused attention adds, made once for all layers
        mask = torch.zeros(mask.shape, dtype=torch.bfloat16, device=device).masked_fill_(~mask, float("-inf"))
    return ids.long(), pos.long(), mask, target.long(), kind


def _work(queue, tokenizer, seed, tokens, small, multiple, pool_size, expert, change):
    tok = Tokenizer.from_file(tokenizer)
    for batch in groups_of_like_length(tok, seed, tokens, small, pool_size, expert, change):
        queue.put(pack(batch, multiple))


def stream(tokenizer, seed, tokens, small, workers, multiple, expert=None, change=None):
    """Packed batches: of this process, or of `workers` others in turn, so that the order is always the
    same.  The others end with this process."""
    if workers == 0:
        tok = Tokenizer.from_file(tokenizer)
        for batch in groups_of_like_length(tok, seed, tokens, small, 400, expert, change):
            yield pack(batch, multiple)
    context = multiprocessing.get_context("spawn")
    queues = [context.Queue(6) for _ in range(workers)]
    pool_size = max(400, tokens // 30)
    for i, queue in enumerate(queues):
        arguments = queue, tokenizer, f"{seed}/{i}", tokens, max(1, small // workers), multiple, pool_size, expert, change
        context.Process(target=_work, args=arguments, daemon=True).start()
    while True:
        for queue in queues:
            yield queue.get()
