"""Measure one training step of the blog's U-Net, against PyTorch and against the machine's peak.

Usage:
  train_speed.py [options]
  train_speed.py --help

Options:
  --size=<px>         The side of the pictures [default: 320].
  --base=<n>          Filters of the first block [default: 32].
  --batch_size=<n>    Pictures per step [default: 8].
  --rounds=<n>        Measured steps of each candidate, taken in turn [default: 5].
  --help              Show this text.

All candidates take turns in one process, so that a machine whose speed drifts slows them all. PyTorch (pip install
torch) trains the same network with the same loss and optimiser, in both of its memory layouts; the better one counts.
"""

import math
import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from command.options import quiet_libraries, read_options, whole
from command.process import run

OPTIONS = {
    "--size": whole(32, 2048),
    "--base": whole(1, 256),
    "--batch_size": whole(1, 1024),
    "--rounds": whole(1, 1000),
}
PRECISIONS = ("float32", "bfloat16")
SIDE = 4096  # of the square matrices whose product is the peak


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    with quiet_libraries():
        import keras  # noqa: F401  its greeting is to stay quiet
    steps = candidates(**{name: options[name] for name in ("size", "base", "batch_size")})
    seconds = take_turns(steps, options["rounds"])
    report(seconds, options["batch_size"], flops_per_picture(options["size"], options["base"]))


def take_turns(steps, rounds):
    """The seconds of every candidate's step, {name: [seconds]}, one step each in turn; a first round warms up."""
    seconds = {name: [] for name in steps}
    for number in range(rounds + 1):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            if number:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def candidates(size, base, batch_size):
    """All that is measured, {name: function of one step}."""
    import numpy as np

    random = np.random.default_rng(0)
    pictures = random.random((batch_size, size, size, 3), np.float32)
    masks = (random.random((batch_size, size, size, 1)) > 0.5).astype(np.float32)
    steps = {}
    for precision in PRECISIONS:
        steps[f"peak {precision}"] = matrix_product(precision)
        steps[f"keras {precision}"] = keras_step(size, base, precision, pictures, masks)
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: no comparison")
        return steps
    for precision in PRECISIONS:
        for layout in ("contiguous_format", "channels_last"):
            step = torch_step(base, precision, getattr(torch, layout), pictures, masks)
            steps[f"torch {precision} {layout}"] = step
    return steps


def matrix_product(precision):
    """A function that multiplies two square matrices."""
    import keras

    factor = keras.ops.cast(keras.random.normal((SIDE, SIDE)), precision)

    def step():
        float(keras.ops.matmul(factor, factor)[0, 0])

    return step


def keras_step(size, base, precision, pictures, masks):
    """A function that trains our U-Net by one step, as train.py does but for the reading of pictures."""
    from networks.hardware import POLICIES
    from segmentation.registry import unet
    from segmentation.training import compile_network

    network = unet(size, base=base, dtype=POLICIES[precision])
    options = {"learning_rate": 1e-4, "schedule": "constant", "optimizer": "adam", "loss": "both"}
    compile_network(network, options, steps=1)
    return lambda: network.train_on_batch(pictures, masks)


def torch_step(base, precision, layout, pictures, masks):
    """A function that trains the same U-Net in PyTorch by one step."""
    import torch
    from torch.nn import functional

    network = torch_unet(base).to(memory_format=layout).train()
    optimiser = torch.optim.Adam(network.parameters(), 1e-4)
    inputs, targets = (
        torch.from_numpy(array).permute(0, 3, 1, 2).contiguous(memory_format=layout) for array in (pictures, masks)
    )

    def step():
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            logits = network(inputs)
        logits = logits.float()
        sure = logits.sigmoid()
        dice = 1 - 2 * (sure * targets).sum() / (sure.sum() + targets.sum())
        loss = functional.binary_cross_entropy_with_logits(logits, targets) + dice
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


def torch_unet(base):
    """The blog's U-Net in PyTorch: layer for layer that of segmentation/networks.py."""
    import torch
    from torch import nn

    def double(inputs, outputs):
        first, second = (nn.Conv2d(count, outputs, 3, padding=1) for count in (inputs, outputs))
        return nn.Sequential(first, nn.ReLU(True), second, nn.ReLU(True))

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            widths = [base * 2**level for level in range(5)]
            self.down = nn.ModuleList(map(double, [3, *widths[:-1]], widths))
            wide = [nn.ConvTranspose2d(2 * width, width, 3, 2, 1, output_padding=1) for width in widths[:-1]]
            self.widen = nn.ModuleList(wide)
            self.up = nn.ModuleList(double(2 * width, width) for width in widths[:-1])
            self.last = nn.Sequential(nn.Conv2d(base, base, 3, padding=1), nn.ReLU(True), nn.Conv2d(base, 1, 1))
            self.drop, self.pool = nn.Dropout(0.3), nn.MaxPool2d(2)

        def forward(self, x):
            skips = []
            for level, block in enumerate(self.down):
                x = block(self.pool(x) if level else x)
                x = self.drop(x) if level > 2 else x
                skips.append(x)
            for level in reversed(range(4)):
                x = self.up[level](torch.cat([self.widen[level](x), skips[level]], 1))
            return self.last(x)

    return UNet()


def flops_per_picture(size, base):
    """Multiplications and additions of one training step: three times those of the convolutions forward."""
    from segmentation.registry import unet

    total = 0
    for layer in unet(size, base=base).layers:
        if hasattr(layer, "kernel"):
            # A transposed convolution spends a kernel on each pixel that comes in, a plain one on each that goes out.
            pixels = (layer.input if "widen" in layer.name else layer.output).shape[1:3]
            total += 2 * pixels[0] * pixels[1] * math.prod(layer.kernel.shape)
    return 3 * total


def report(seconds, batch_size, flops):
    """Print pictures per second, the share of the peak, and the ratio to PyTorch's better layout."""
    for precision in PRECISIONS:
        ours = seconds[f"keras {precision}"]
        peak = 2 * SIDE**3 / min(seconds[f"peak {precision}"])
        share = flops * batch_size / median(ours) / peak
        print(f"{precision}: peak {peak / 1e9:.0f} GFLOP/s, {flops / 1e9:.0f} GFLOP a picture")
        print(f"  keras: {batch_size / median(ours):.2f} pictures/s, {share:.0%} of the peak")
        others = {name: times for name, times in seconds.items() if name.startswith(f"torch {precision}")}
        for name, times in others.items():
            print(f"  {name}: {batch_size / median(times):.2f} pictures/s")
        if others:
            best = min(others.values(), key=median)
            ratios = sorted(theirs / mine for theirs, mine in zip(best, ours, strict=True))
            print(f"  ratio to the better one: {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    run(main)
