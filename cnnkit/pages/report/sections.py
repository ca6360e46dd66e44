"""The sections of the page, in their order. A task adds a row for what it alone has."""

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

SECTIONS = (
    Section("headline", headline.blocks, live=True),
    Section("training", training.blocks, live=True),
    Section("confusion", classification.confusion, _CLASSIFIERS),
    Section("classes", classification.classes, _CLASSIFIERS),
    Section("reliability", classification.reliability, _CLASSIFIERS),
    Section("masks", segmentation.masks, ("segmentation",)),
    Section("mask_confusion", segmentation.confusion, ("segmentation",)),
    Section("boxes", detection.boxes, ("detection",)),
    Section("errors", detection.errors, ("detection",)),
    Section("worst", worst.blocks),
    Section("samples", samples.blocks),
    Section("filters", network.filters),
    Section("layers", network.layers),
    Section("check", papers.check),
    Section("repeat", papers.repeat, live=True),
    Section("environment", papers.environment, live=True),
)
