"""Models assembled from ops: each is three pure functions, init, forward and statistics."""

from lbopt.models.alexnet import AlexNetConfig, Conv, from_config
from lbopt.models.alexnet_sizes import alexnet, alexnet_bn, alexnet_bn_full, alexnet_full
from lbopt.models.bert import bert
from lbopt.models.bert_heads import Encoded, Pretraining
from lbopt.models.bert_input import Batch
from lbopt.models.bert_sizes import bert_base, bert_large
from lbopt.models.char_mlp import char_mlp
from lbopt.models.init import constant, he_normal, normal, ones, truncated_normal, zeros
from lbopt.models.mlp import mlp
from lbopt.models.model import Model
from lbopt.models.resnet import basic, bottleneck, bottleneck_2015
from lbopt.models.resnet_sizes import (
    IMAGENET_STEM,
    SMALL_STEM,
    Stem,
    resnet,
    resnet18,
    resnet34,
    resnet50,
)

__all__ = [
    "IMAGENET_STEM",
    "SMALL_STEM",
    "AlexNetConfig",
    "Batch",
    "Conv",
    "Encoded",
    "Model",
    "Pretraining",
    "Stem",
    "alexnet",
    "alexnet_bn",
    "alexnet_bn_full",
    "alexnet_full",
    "basic",
    "bert",
    "bert_base",
    "bert_large",
    "bottleneck",
    "bottleneck_2015",
    "char_mlp",
    "constant",
    "from_config",
    "he_normal",
    "mlp",
    "normal",
    "ones",
    "resnet",
    "resnet18",
    "resnet34",
    "resnet50",
    "truncated_normal",
    "zeros",
]
