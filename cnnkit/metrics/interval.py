"""How much a share of right answers says when the images are few."""

import math

# Two-sided 95 % of the normal distribution.
Z95 = 1.959963984540054


def wilson(right: int, n: int, z: float = Z95) -> tuple[float, float]:
    """(low, high): where the true share lies, with the confidence that `z` stands for; (0, 1) for no images.

    (p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n),   p = right / n

    Unlike p ± z √(p(1 - p)/n) it stays within 0 and 1 and is no point at p = 1.

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    if not n:
        return 0.0, 1.0
    p, inverse = right / n, z * z / n
    middle = p + inverse / 2
    spread = z * math.sqrt(p * (1 - p) / n + inverse / (4 * n))
    return max(0.0, (middle - spread) / (1 + inverse)), min(1.0, (middle + spread) / (1 + inverse))
