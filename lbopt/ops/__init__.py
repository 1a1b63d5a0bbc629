"""Arrays in, arrays out: ``y, back = op(x, W, b)``, then ``back(dy) -> dx, dW, db``.

Images are NHWC. ``back`` may be called more than once and writes into nothing it was given. An op
may keep references to its arguments and its value for ``back``: do not write into them before that.
"""

from lbopt.ops.attention import attention
from lbopt.ops.batch_norm import batch_norm
from lbopt.ops.conv import conv2d
from lbopt.ops.cross_entropy import softmax_cross_entropy
from lbopt.ops.dropout import dropout
from lbopt.ops.embedding import embedding, unembedding
from lbopt.ops.gelu import gelu, gelu_erf
from lbopt.ops.layer_norm import layer_norm
from lbopt.ops.linear import linear
from lbopt.ops.local_response_norm import local_response_norm
from lbopt.ops.pool import avg_pool2d, global_avg_pool2d, max_pool2d
from lbopt.ops.relu import relu
from lbopt.ops.softmax import softmax

__all__ = [
    "attention",
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "dropout",
    "embedding",
    "gelu",
    "gelu_erf",
    "global_avg_pool2d",
    "layer_norm",
    "linear",
    "local_response_norm",
    "max_pool2d",
    "relu",
    "softmax",
    "softmax_cross_entropy",
    "unembedding",
]
