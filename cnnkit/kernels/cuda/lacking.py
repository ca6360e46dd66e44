"""Kernels of the contract that CUDA does not have yet. A network that needs one is told so before any work."""

LACKING: frozenset[str] = frozenset(
    {
        "box_iou",
        "crf_graph",
        "crf_messages",
        "group_regions",
        "gru",
        "gru_dx",
        "region_histograms",
        "roi_align",
        "roi_align_dx",
        "roi_pool",
        "roi_pool_dx",
        "segment",
        "select",
    }
)
