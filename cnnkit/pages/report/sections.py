"""The sections of the page, in their order, and the names of all their pictures. A task adds a row for its own."""

from cnnkit.pages.report import (
    classification,
    detection,
    headline,
    network,
    papers,
    samples,
    segmentation,
    training,
    worst,
)
from cnnkit.pages.report.section import Section

_CLASSIFIERS = ("classification",)
_MASKS, _BOXES = ("segmentation",), ("detection",)
_CURVES = ("loss-steps.svg", "loss.svg", "metrics.svg", "parts.svg", "learning-rate.svg", "speed.svg")

SECTIONS = (
    Section("headline", headline.blocks, live=True),
    Section("training", training.blocks, live=True, pictures=_CURVES),
    Section("confusion", classification.confusion, _CLASSIFIERS, pictures=("confusion.svg", "confusion-rows.svg")),
    Section("classes", classification.classes, _CLASSIFIERS),
    Section("reliability", classification.reliability, _CLASSIFIERS, pictures=("reliability.svg",)),
    Section("masks", segmentation.masks, _MASKS, pictures=("legend.png",)),
    Section("mask_confusion", segmentation.confusion, _MASKS, pictures=("confusion-rows.svg",)),
    Section("boxes", detection.boxes, _BOXES, pictures=("precision-recall.svg",)),
    Section("errors", detection.errors, _BOXES),
    Section("worst", worst.blocks, pictures=("worst.png",)),
    Section("samples", samples.blocks, pictures=("samples.png",)),
    Section("filters", network.filters, pictures=("filters.png",)),
    Section("layers", network.layers, pictures=("layers.svg",)),
    Section("check", papers.check),
    Section("repeat", papers.repeat, live=True),
    Section("environment", papers.environment, live=True),
)
PICTURES = frozenset(name for section in SECTIONS for name in section.pictures)
