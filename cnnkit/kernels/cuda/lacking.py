"""Kernels of the contract that CUDA does not have yet. A network that needs one is told so before any work."""

LACKING: frozenset[str] = frozenset(
    {
        "group_regions",
        "region_histograms",
        "segment",
    }
)
