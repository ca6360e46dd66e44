"""How large the networks of the registry are: parameters, and products that are summed up for one picture.

What `summary` counts, at the image and the classes that each is meant for. Kept, since to walk through all of them
takes a second; a test counts again.
"""

from typing import NamedTuple

from cnnkit.models.summary.counting import summary


class Figures(NamedTuple):
    """Of one network."""

    parameters: int
    multiply_adds: int


def figures(name: str) -> Figures:
    """Of a network by name; those of a family are counted."""
    if name not in KEPT:
        counted = summary(name)
        return Figures(counted.parameters, counted.multiply_adds)
    return KEPT[name]


KEPT = {
    "lenet5": Figures(61_706, 416_520),
    "lenet_caffe": Figures(431_080, 2_293_000),
    "convnet": Figures(1_199_882, 11_992_448),
    "digitnet": Figures(96_362, 18_320_512),
    "alexnet": Figures(61_100_840, 714_188_480),
    "vgg11": Figures(132_863_336, 7_609_090_048),
    "vgg11_bn": Figures(132_868_840, 7_609_090_048),
    "vgg13": Figures(133_047_848, 11_308_466_176),
    "vgg13_bn": Figures(133_053_736, 11_308_466_176),
    "vgg16": Figures(138_357_544, 15_470_264_320),
    "vgg16_bn": Figures(138_365_992, 15_470_264_320),
    "vgg19": Figures(143_667_240, 19_632_062_464),
    "vgg19_bn": Figures(143_678_248, 19_632_062_464),
    "googlenet": Figures(6_624_904, 1_498_376_192),
    "squeezenet1_0": Figures(1_248_424, 818_924_576),
    "squeezenet1_1": Figures(1_235_496, 349_151_936),
    "resnet9": Figures(6_573_130, 379_261_952),
    "resnet9_x0_5": Figures(1_646_122, 95_259_136),
    "airnet": Figures(1_972_792, 293_147_648),
    "resnet20": Figures(269_722, 40_551_040),
    "resnet32": Figures(464_154, 68_862_592),
    "resnet44": Figures(658_586, 97_174_144),
    "resnet56": Figures(853_018, 125_485_696),
    "resnet110": Figures(1_727_962, 252_887_680),
    "resnet18": Figures(11_689_512, 1_814_073_344),
    "resnet34": Figures(21_797_672, 3_663_761_408),
    "resnet50": Figures(25_557_032, 4_089_184_256),
    "resnet101": Figures(44_549_160, 7_801_405_440),
    "resnet152": Figures(60_192_808, 11_513_626_624),
    "mobilenet_v1_x0_25": Figures(470_072, 41_030_272),
    "mobilenet_v1_x0_5": Figures(1_331_592, 149_497_088),
    "mobilenet_v1_x0_75": Figures(2_585_560, 325_400_448),
    "mobilenet_v1": Figures(4_231_976, 568_740_352),
    "mobilenet_v2": Figures(3_504_872, 300_774_272),
    "mobilenet_v3_small": Figures(2_542_856, 56_510_400),
    "mobilenet_v3_large": Figures(5_483_032, 216_589_760),
    "shufflenet_v1": Figures(1_865_728, 137_460_672),
    "shufflenet_v2_x0_5": Figures(1_366_792, 40_476_448),
    "shufflenet_v2_x1_0": Figures(2_278_604, 144_907_992),
    "shufflenet_v2_x1_5": Figures(3_503_624, 295_759_392),
    "shufflenet_v2_x2_0": Figures(7_393_996, 583_253_464),
    "fcn32s": Figures(134_346_581, 110_801_977_344),
    "fcn16s": Figures(134_357_690, 110_813_073_408),
    "fcn8s": Figures(134_363_423, 110_835_437_568),
    "fcn_resnet50": Figures(32_957_013, 142_725_772_800),
    "deeplab_v1": Figures(20_505_429, 49_074_995_200),
    "deeplab_v2": Figures(44_048_532, 75_295_716_544),
    "deeplab_v3_resnet50": Figures(39_638_869, 168_731_205_888),
    "deeplab_v3_mobilenet_v3_large": Figures(11_025_477, 10_436_350_688),
    "deeplab_v3_mobilenet_v2": Figures(2_113_557, 8_825_853_632),
    "deeplab_v3plus_mobilenet_v2": Figures(2_719_813, 5_804_159_152),
    "deeplab_v3plus_resnet50": Figures(26_696_133, 39_550_874_992),
    "unet": Figures(31_030_658, 48_096_083_968),
    "reseg": Figures(2_544_549, 41_247_014_400),
    "yolo_v1": Figures(271_703_550, 20_285_153_280),
    "yolo_v2": Figures(50_962_889, 14_732_084_224),
    "yolo_v3": Figures(61_949_149, 32_932_037_632),
    "yolo_v3_tiny": Figures(8_852_366, 2_782_480_896),
    "yolo_nano": Figures(428_422, 343_705_600),
    "ssd300_vgg16": Figures(26_285_486, 59_190_033_920),
    "ssd512_vgg16": Figures(27_188_676, 170_386_224_128),
    "ssdlite320_mobilenet_v3_large": Figures(2_469_860, 443_288_384),
    "ssd_nano": Figures(1_286_112, 465_984_000),
    "rcnn": Figures(57_089_877, 22_725_711_872),
    "rcnn_nano": Figures(414_373, 769_216_512),
    "fast_rcnn": Figures(134_690_729, 213_926_707_200),
    "fast_rcnn_nano": Figures(1_981_481, 2_568_038_400),
    "faster_rcnn_vgg16": Figures(137_073_622, 149_096_249_856),
    "faster_rcnn_nano": Figures(1_312_663, 706_176_000),
    "faster_rcnn_resnet50_fpn": Figures(41_808_406, 134_379_721_216),
    "faster_rcnn_mobilenet_v3_large_320_fpn": Figures(19_410_754, 2_872_931_200),
}
