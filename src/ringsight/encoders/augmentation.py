"""Print-and-scan copies of images: what the same picture looks like when it is photographed again.

Slight turns and shifts, a little more or less light, blur, noise and blocky compression. Colour is kept as it is,
but for a faint tint: light and table tell studios apart.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate


def print_and_scan(
    pixels: Float[Tensor, "images 3 height width"], generator: torch.Generator | None
) -> Float[Tensor, "images 3 height width"]:
    """One random copy of each image, values in 0..1.

    Args:
        pixels: in 0..1.
        generator: source of randomness; None for torch's own.
    """
    copies = _moved(pixels, generator)
    copies = _softened(copies, generator)
    light = 1 + 0.1 * _normal((len(pixels), 1, 1, 1), pixels, generator)
    tint = 0.02 * _normal((len(pixels), 3, 1, 1), pixels, generator)
    noise = 0.04 * _normal(copies.shape, pixels, generator)
    return (copies * light + tint + noise).clamp(0, 1)


def _moved(pixels: Tensor, generator: torch.Generator | None) -> Tensor:
    turn, scale, across, down = 0.04 * _normal((4, len(pixels)), pixels, generator)
    rows = torch.stack([1 + scale, turn, across, -turn, 1 + scale, down], dim=1).reshape(-1, 2, 3)
    grid = affine_grid(rows, list(pixels.shape), align_corners=False)
    return grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)


def _softened(pixels: Tensor, generator: torch.Generator | None) -> Tensor:
    """Mix each image with one of half its resolution, by a random share."""
    soft = interpolate(interpolate(pixels, scale_factor=0.5, mode="area"), pixels.shape[2:], mode="bilinear")
    share = torch.rand((len(pixels), 1, 1, 1), generator=generator, device=pixels.device)
    return pixels + share * (soft - pixels)


def _normal(shape: tuple[int, ...] | torch.Size, like: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.randn(shape, generator=generator, device=like.device)
