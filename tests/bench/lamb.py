"""One LAMB step on the tensors of BERT-base, float32, one thread: lbopt, NumPy, torch, optax.

    make bench                                # or: python -m tests.bench.lamb
    python -m tests.bench.lamb --quick        # a small BERT, few rounds

109,482,240 parameters in 199 tensors (encoder with pooler). A step must read and write memory: 40
bytes per parameter in two passes (g, p, m, v in; m, v, u out; p, u in; p out), 28 if u stays in the
cache. The floor is that many bytes at the speed of ``a += b`` over arrays that fit no cache. torch
and optax are timed where they are installed, each in a process of its own. All must agree after
three steps before anything is timed. Nothing is asserted about speed.
"""

from __future__ import annotations

import argparse
import os
from typing import NamedTuple

import numpy as np

from tests.bench.harness import Contender, Worker, clean_environment, compare, cpu_name, paired
from tests.bench.transformer import KEEP_MEMORY

RATE, B1, B2, EPS, DECAY = 0.01, 0.9, 0.999, 1e-6, 0.01
FLOORS = (28, 40)  # bytes per parameter
SAMPLE = 97  # every so many numbers of a large tensor are compared
STREAM = "stream"


class Case(NamedTuple):
    name: str
    vocabulary: int
    width: int
    layers: int
    stream: int  # float32 numbers in each of the two arrays of the floor


FULL = Case("BERT-base", 30522, 768, 12, 2**26)
QUICK = Case("a BERT of 4 x 256", 8192, 256, 4, 2**25)


def shapes(case: Case) -> list[tuple[int, ...]]:
    """Those of models.bert(case.vocabulary, head="encoder", positions=512, ...), in its order."""
    C, inner = case.width, 4 * case.width
    found: list[tuple[int, ...]] = [(case.vocabulary, C), (512, C), (2, C), (C,), (C,)]
    for _ in range(case.layers):
        found += [(C, C), (C,)] * 4 + [(C,), (C,)]
        found += [(C, inner), (inner,), (inner, C), (C,), (C,), (C,)]
    return [*found, (C, C), (C,)]


def count(case: Case) -> int:
    return sum(int(np.prod(shape)) for shape in shapes(case))


def weights_and_gradients(case: Case) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(0)
    p, g = ([rng.standard_normal(s, dtype=np.float32) for s in shapes(case)] for _ in range(2))
    return [np.float32(0.02) * a for a in p], [np.float32(0.01) * a for a in g]


def sample(a) -> np.ndarray:
    flat = np.asarray(a).reshape(-1)
    return np.array(flat if flat.size < 10_000 else flat[::SAMPLE])


def contender(step, read, start: list[np.ndarray]) -> Contender:
    """``step()`` takes one step, ``read()`` gives the weights; compared is the way of 3 steps."""
    first = [sample(p) for p in start]

    def way(_) -> list[np.ndarray]:
        step()  # the first was taken by whoever asks
        step()
        return [sample(p) - f for p, f in zip(read(), first, strict=True)]

    return Contender(step, way)


def lbopt_setup(case: Case) -> dict[str, Contender]:
    from lbopt import optim

    start, gradients = weights_and_gradients(case)
    optimizer = optim.lamb(RATE, b1=B1, b2=B2, eps=EPS, weight_decay=DECAY)
    params = {str(i): p for i, p in enumerate(start)}
    grads = {str(i): g for i, g in enumerate(gradients)}
    now = [params, optimizer.init(params)]

    def step():
        updates, now[1] = optimizer.update(grads, now[1], now[0])
        now[0] = optim.apply_updates(now[0], updates)

    return {"lbopt": contender(step, lambda: now[0].values(), start)}


def numpy_setup(case: Case) -> dict[str, Contender]:
    """The paper's lines, tensor by tensor, as expressions."""
    start, gradients = weights_and_gradients(case)
    w = [p.copy() for p in start]
    m, v = [np.zeros_like(p) for p in w], [np.zeros_like(p) for p in w]
    t = [0]

    def step():
        t[0] += 1
        for i, g in enumerate(gradients):
            m[i] = B1 * m[i] + (1 - B1) * g
            v[i] = B2 * v[i] + (1 - B2) * g * g
            r = (m[i] / (1 - B1 ** t[0])) / (np.sqrt(v[i] / (1 - B2 ** t[0])) + EPS) + DECAY * w[i]
            ratio = np.linalg.norm(w[i]) / np.linalg.norm(r)
            w[i] = w[i] - RATE * ratio * r

    return {"naive NumPy": contender(step, lambda: w, start)}


def torch_setup(case: Case) -> dict[str, Contender]:
    import torch

    torch.set_num_threads(1)
    start, gradients = weights_and_gradients(case)
    w, g = [torch.from_numpy(p.copy()) for p in start], [torch.from_numpy(a) for a in gradients]
    m, v = [torch.zeros_like(p) for p in w], [torch.zeros_like(p) for p in w]
    t = [0]

    @torch.no_grad()
    def step():
        t[0] += 1
        for wi, gi, mi, vi in zip(w, g, m, v, strict=True):
            mi.lerp_(gi, 1 - B1)
            vi.mul_(B2).addcmul_(gi, gi, value=1 - B2)
            below = (vi / (1 - B2 ** t[0])).sqrt_().add_(EPS)
            r = (mi / (1 - B1 ** t[0])).div_(below).add_(wi, alpha=DECAY)
            wi.add_(r * (wi.norm() / r.norm()), alpha=-RATE)

    return {"torch": contender(step, lambda: [p.numpy() for p in w], start)}


def optax_setup(case: Case) -> dict[str, Contender]:
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}"
    import jax
    import optax

    start, gradients = weights_and_gradients(case)
    rule = optax.lamb(RATE, b1=B1, b2=B2, eps=EPS, eps_root=0.0, weight_decay=DECAY)
    params, grads = ([jax.numpy.array(a) for a in arrays] for arrays in (start, gradients))

    def one(params, state):
        updates, state = rule.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    jitted = jax.jit(one, donate_argnums=(0, 1))
    now = [params, rule.init(params)]

    def step():
        now[:] = jitted(*now)
        jax.block_until_ready(now[0])

    return {"optax jit": contender(step, lambda: now[0], start)}


def stream_setup(case: Case) -> dict[str, Contender]:
    """Twelve bytes for each number: the speed of memory, for one core."""
    a, b = np.zeros(case.stream, np.float32), np.ones(case.stream, np.float32)
    return {STREAM: Contender(lambda: np.add(a, b, out=a), lambda _: [])}


def cell(timing) -> str:
    return f"{timing.ratio:.2f} [{timing.low:.2f}, {timing.high:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lamb", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small BERT, three rounds")
    parser.add_argument("--rounds", type=int, default=7, help="paired rounds (7)")
    args = parser.parse_args()
    case, rounds = (QUICK, 3) if args.quick else (FULL, args.rounds)
    for note in clean_environment():
        print(f"note: {note}")
    os.environ.update(KEEP_MEMORY)  # for all workers alike
    workers = [Worker(s, case) for s in (lbopt_setup, numpy_setup, torch_setup, optax_setup)]
    present = [w for w in workers if not w.missing]
    compare(present, tolerance=5e-3)  # torch's float32 norms are off by 1e-3 at 23M numbers
    stream = Worker(stream_setup, case)
    reference = "naive NumPy" if workers[2].missing else "torch"
    t = paired([*present, stream], reference, rounds)
    print(f"CPU: {cpu_name()}; NumPy {np.__version__}; float32; one thread;")
    print(f"process CPU time, medians of {rounds} paired rounds [quartiles];")
    print(f"all with {' '.join(f'{k}={v}' for k, v in KEEP_MEMORY.items())}.")
    for worker in workers:
        if worker.missing:
            print(f"{worker.missing} is not installed.")
    n = count(case)
    per_byte = t[STREAM].seconds / (12 * case.stream)
    low, high = (n * bytes_each * per_byte * 1e3 for bytes_each in FLOORS)
    print(
        f"memory: {1e-9 / per_byte:.0f} GB/s for one core; {n:,} parameters: floor {low:.1f} ms ",
        end="",
    )
    print(f"at {FLOORS[0]} bytes each, {high:.1f} ms at {FLOORS[1]}.")
    title = f"{case.name}, {len(shapes(case))} tensors"
    print(f"\n| {title} | ms | / floor of {FLOORS[1]} | / {reference} |")
    print("|---|---|---|---|")
    for worker in present:
        for name in worker.names:
            ms = t[name].seconds * 1e3
            print(f"| {name} | {ms:.1f} | {ms / high:.1f} | {cell(t[name])} |", flush=True)
    for worker in [*workers, stream]:
        worker.close()


if __name__ == "__main__":
    main()
