"""How publishers name the parts of each family of networks: tables of (pattern, replacement), read by `published`.

The names of a network's trunk are those of the classifier, behind the trunk's own.
"""

Renames = tuple[tuple[str, str], ...]

# torchvision writes a convolution and its batch norm side by side, `conv1` and `bn1`; ours is one ConvNorm `conv1`
# with the children `conv` and `norm`.
CONV_BN: Renames = (
    (r"\bconv(\d+)\.weight$", r"conv\1.conv.weight"),
    (r"\bbn(\d+)\.", r"conv\1.norm."),
    (r"\bdownsample\.0\.", "shortcut.conv."),
    (r"\bdownsample\.1\.", "shortcut.norm."),
)

# Keras: conv_dw_1 and conv_dw_1_bn are our block1.depthwise.
MOBILENET_V1: Renames = (
    (r"^conv_dw_(\d+)", r"block\1.depthwise"),
    (r"^conv_pw_(\d+)", r"block\1.pointwise"),
    (r"^conv_preds\.", "fc."),
    (r"^(conv1|block\d+\.\w+)_bn\.", r"\1.norm."),
    (r"^(conv1|block\d+\.\w+)\.(kernel|depthwise_kernel)$", r"\1.conv.\2"),
)

# torchvision numbers the layers of a block, which are fewer where nothing is expanded: there 0 is the depthwise one.
MOBILENET_V2: Renames = (
    (r"\bfeatures\.(0|18)\.0\.", r"features.\1.conv."),
    (r"\bfeatures\.(0|18)\.1\.", r"features.\1.norm."),
    (r"\bfeatures\.1\.conv\.0\.0\.", "features.1.depthwise.conv."),
    (r"\bfeatures\.1\.conv\.0\.1\.", "features.1.depthwise.norm."),
    (r"\bfeatures\.1\.conv\.1\.", "features.1.project.conv."),
    (r"\bfeatures\.1\.conv\.2\.", "features.1.project.norm."),
    (r"\.conv\.0\.0\.", ".expand.conv."),
    (r"\.conv\.0\.1\.", ".expand.norm."),
    (r"\.conv\.1\.0\.", ".depthwise.conv."),
    (r"\.conv\.1\.1\.", ".depthwise.norm."),
    (r"\.conv\.2\.", ".project.conv."),
    (r"\.conv\.3\.", ".project.norm."),
    (r"^classifier\.1\.", "fc."),
)


def mobilenet_v3(last: int, project: int) -> Renames:
    """`last`: the number of the last 1x1 convolution; `project`: of that part in block 1, which expands nothing."""
    return (
        (r"\bfeatures\.1\.block\.0\.", "features.1.depthwise."),
        (rf"\bfeatures\.1\.block\.{project}\.", "features.1.project."),
        (r"\.block\.\d\.fc1\.", ".excite.reduce."),
        (r"\.block\.\d\.fc2\.", ".excite.expand."),
        (r"\.block\.0\.", ".expand."),
        (r"\.block\.1\.", ".depthwise."),
        (r"\.block\.[23]\.", ".project."),
        (rf"^((?:.*\.)?features\.(?:0|{last})|.*\.(?:expand|depthwise|project))\.0\.", r"\1.conv."),
        (rf"^((?:.*\.)?features\.(?:0|{last})|.*\.(?:expand|depthwise|project))\.1\.", r"\1.norm."),
        (r"^classifier\.0\.", "dense."),
        (r"^classifier\.3\.", "fc."),
    )


# torchvision numbers the layers of a branch, its activations among them.
SHUFFLENET_V2: Renames = (
    (r"^(conv[15])\.0\.", r"\1.conv."),
    (r"^(conv[15])\.1\.", r"\1.norm."),
    (r"\.branch1\.0\.", ".branch1.depthwise.conv."),
    (r"\.branch1\.1\.", ".branch1.depthwise.norm."),
    (r"\.branch1\.2\.", ".branch1.pointwise.conv."),
    (r"\.branch1\.3\.", ".branch1.pointwise.norm."),
    (r"\.branch2\.0\.", ".branch2.pointwise1.conv."),
    (r"\.branch2\.1\.", ".branch2.pointwise1.norm."),
    (r"\.branch2\.3\.", ".branch2.depthwise.conv."),
    (r"\.branch2\.4\.", ".branch2.depthwise.norm."),
    (r"\.branch2\.5\.", ".branch2.pointwise2.conv."),
    (r"\.branch2\.6\.", ".branch2.pointwise2.norm."),
)

# The raw arrays of OpenVINO's sample, and Caffe's inner products.
LENET: Renames = (
    (r"^c(\d)w$", r"conv\1.weight"),
    (r"^c(\d)b$", r"conv\1.bias"),
    (r"^f(\d)w$", r"dense\1.weight"),
    (r"^f(\d)b$", r"dense\1.bias"),
    (r"^ip(\d)\.", r"dense\1."),
)


def squeezenet(fires: str) -> Renames:
    """`fires`: the numbers that torchvision's list of layers gives to fire2 … fire9. Gluon numbers the convolutions."""
    parts = ("squeeze", "expand1x1", "expand3x3")
    return (
        *((rf"^features\.{place}\.", f"fire{number}.") for number, place in enumerate(fires.split(), 2)),
        *((rf"^squeezenet\d+_conv{i + 1}_", f"fire{2 + i // 3}.{parts[i % 3]}.") for i in range(24)),
        (r"^(features\.0\.|squeezenet\d+_conv0_)", "conv1."),
        (r"^(classifier\.1\.|squeezenet\d+_conv25_)", "conv10."),
    )


ALEXNET: Renames = (
    *((rf"^features\.{place}\.", f"conv{number}.") for number, place in enumerate((0, 3, 6, 8, 10), 1)),
    *((rf"^classifier\.{place}\.", f"fc{number}.") for number, place in enumerate((1, 4, 6), 6)),
)
# Convolutions in each of the five stages.
VGG_DEPTHS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def vgg(depths: tuple[int, ...], parts: tuple[str, ...]) -> Renames:
    """torchvision numbers all layers of VGG: for each convolution its `parts`, and the pools between the stages."""
    renames: list[tuple[str, str]] = []
    place = 0
    for stage, depth in enumerate(depths, 1):
        for number in range(1, depth + 1):
            renames += [(rf"^features\.{place + i}\.", f"{part}{stage}_{number}.") for i, part in enumerate(parts)]
            place += len(parts)
        place += 1
    return (*renames, *((rf"^classifier\.{place}\.", f"fc{number}.") for number, place in enumerate((0, 3, 6), 6)))


SSD_HEADS: Renames = (
    (r"^head\.classification_head\.module_list\.", "class_heads."),
    (r"^head\.regression_head\.module_list\.", "box_heads."),
)


def ssd_vgg() -> Renames:
    """torchvision's SSD300: VGG16 in two pieces, the second with fc6 and fc7 at its end, conv8 to conv11, the heads."""
    layers = {"scale_weight": "length4_3.weight", r"extra\.0\.7\.1\.": "fc6.", r"extra\.0\.7\.3\.": "fc7."}
    place = 0
    for stage, depth in enumerate(VGG_DEPTHS[16][:4], 1):
        for number in range(1, depth + 1):
            layers[rf"features\.{place}\."] = f"backbone.conv{stage}_{number}."
            place += 2
        place += 1
    layers |= {rf"extra\.0\.{2 * number - 1}\.": f"backbone.conv5_{number}." for number in (1, 2, 3)}
    for extra in (1, 2, 3, 4):
        layers |= {rf"extra\.{extra}\.{2 * part}\.": f"extras.{extra - 1}.{part}." for part in (0, 1)}
    return (*((rf"^backbone\.{theirs}", f"body.{ours}") for theirs, ours in layers.items()), *SSD_HEADS)


# torchvision's SSDlite: MobileNet v3 in two pieces that part within block 13, behind its expansion.
SSD_LITE: Renames = (
    (r"^backbone\.features\.0\.13\.", "body.features.13.block.0."),
    (r"^backbone\.features\.0\.", "body.features."),
    (r"^backbone\.features\.1\.0\.", "body.features.13.block."),
    *((rf"^backbone\.features\.1\.{k}\.", f"body.features.{13 + k}.") for k in (1, 2, 3)),
    *mobilenet_v3(16, 1),
    *SSD_HEADS,
    (r"^backbone\.extra\.(\d\.\d)\.0\.", r"body.extras.\1.conv."),
    (r"^backbone\.extra\.(\d\.\d)\.1\.", r"body.extras.\1.norm."),
    (r"^(\w+_heads\.\d\.0)\.0\.", r"\1.conv."),
    (r"^(\w+_heads\.\d\.0)\.1\.", r"\1.norm."),
)


# torchvision's Faster R-CNN on a pyramid: a trunk in its names, the pyramid, and both stages. Its published files are
# older than its layers of one convolution, which have a number more in their names.
FASTER_RCNN_FPN: Renames = (
    (r"^backbone\.body\.(\d+)\.", r"body.backbone.features.\1."),
    (r"^backbone\.body\.", "body.backbone."),
    (r"^backbone\.fpn\.inner_blocks\.(\d)\.(0\.)?", r"body.pyramid.inner.\1."),
    (r"^backbone\.fpn\.layer_blocks\.(\d)\.(0\.)?", r"body.pyramid.outer.\1."),
    (r"^rpn\.head\.conv\.(0\.0\.)?", "rpn.conv."),
    (r"^rpn\.head\.cls_logits\.", "rpn.score."),
    (r"^rpn\.head\.bbox_pred\.", "rpn.box."),
    (r"^roi_heads\.box_head\.(fc\d)\.", r"head.look.\1."),
    (r"^roi_heads\.box_predictor\.cls_score\.", "head.score."),
    (r"^roi_heads\.box_predictor\.bbox_pred\.", "head.box."),
)


def fcn_head(name: str) -> Renames:
    """torchvision's head of FCN, which is also its second classifier in training."""
    return (
        (rf"^{name}\.0\.", f"{name}.conv.conv."),
        (rf"^{name}\.1\.", f"{name}.conv.norm."),
        (rf"^{name}\.4\.", f"{name}.score."),
    )


# torchvision's head of DeepLab v3: the branches in their order, 1x1, three of 3x3, the mean of the image.
DEEPLAB_HEAD: Renames = (
    (r"^classifier\.0\.convs\.0\.0\.", "classifier.aspp.ones.conv."),
    (r"^classifier\.0\.convs\.0\.1\.", "classifier.aspp.ones.norm."),
    *((rf"^classifier\.0\.convs\.{k + 1}\.0\.", f"classifier.aspp.threes.{k}.conv.") for k in range(3)),
    *((rf"^classifier\.0\.convs\.{k + 1}\.1\.", f"classifier.aspp.threes.{k}.norm.") for k in range(3)),
    (r"^classifier\.0\.convs\.4\.1\.", "classifier.aspp.image.conv."),
    (r"^classifier\.0\.convs\.4\.2\.", "classifier.aspp.image.norm."),
    (r"^classifier\.0\.project\.0\.", "classifier.aspp.project.conv."),
    (r"^classifier\.0\.project\.1\.", "classifier.aspp.project.norm."),
    (r"^classifier\.1\.", "classifier.conv.conv."),
    (r"^classifier\.2\.", "classifier.conv.norm."),
    (r"^classifier\.4\.", "classifier.score."),
    *fcn_head("aux_classifier"),
)
# The trunk of torchvision's DeepLab on MobileNet v3 is the bare list of its features.
BARE_FEATURES: Renames = ((r"^backbone\.(\d+)\.", r"backbone.features.\1."),)
