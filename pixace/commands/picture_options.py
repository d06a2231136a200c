"""Options for what is made of pictures: their size, colours and order, and which are taken."""

import click

from pixace import choices
from pixace.commands import options

labels = click.option("--labels", is_flag=True, help="Take the names of sub-folders as labels.")

validation = options.together(
    click.option(
        "--validation",
        type=options.Place(),
        metavar="SOURCE",
        help="The pictures of the validation part, instead of a share of SOURCE.",
    ),
    click.option("--validation-fraction", default=0.05, metavar="SHARE", help="That share."),
)

strict = click.option(
    "--strict", is_flag=True, help="Stop at a bad picture; else skip, name and count it."
)

_size = click.option(
    "--size",
    metavar="PIXELS",
    help="Of every picture: 32 for a square, or WIDTHxHEIGHT.  [default: 32, or the codebook's]",
)
_fit = click.option(
    "--fit",
    metavar="FIT",
    shell_complete=options.words(*choices.FITS, "pad,nearest"),
    help="Where proportions differ: crop, pad or stretch; center (pad, enlarge nothing), nearest "
    "(crop, mix no colours) or pad,nearest.  [default: crop]",
)
_background = click.option(
    "--background",
    metavar="COLOR",
    help="Behind transparency and around what is padded: a name or #rrggbb.  [default: white]",
)
_limit = click.option(
    "--limit",
    type=int,
    metavar="N",
    help="Take N pictures only, evenly and always the same ones.  [default: all]",
)
_alpha = click.option(
    "--alpha",
    metavar="WORD",
    shell_complete=options.words(*choices.ALPHAS),
    help="Half-transparent pixels: blend with the background, or threshold: from half opaque on "
    "all colour, else all background.  [default: blend]",
)
fitting = options.together(
    click.option(
        "--size",
        metavar="PIXELS",
        help="Of every picture: 64 for a square, or WIDTHxHEIGHT.  [default: the gin file's]",
    ),
    _fit,
    _background,
    _limit,
    _alpha,
)

pictures = options.together(
    _size,
    click.option(
        "--colors",
        metavar="SCHEME",
        shell_complete=options.words(
            *("hsv:5,4,4", "hsv:4,3,3", "rgb:3,3,2", "grey:16"),
            *("kmeans:512", "kmeans:512,rgb", "palette:", "exact", "vq:"),
        ),
        help="hsv:B,B,B or rgb:B,B,B (bits), grey:N (levels), kmeans:N or kmeans:N,rgb (found in "
        "the pictures), palette:FILE (.npy, .hex, .gpl, .pal or .png), exact (pixel art), or "
        "vq:RUN (a codebook's run).  "
        "[default: hsv:5,4,4]",
    ),
    click.option(
        "--order",
        metavar="ORDER",
        shell_complete=options.words(
            *("raster", "column", "patch:4", "snake", "spiral", "spiral:out", "hilbert", "zcurve")
        ),
        help="The path through the pixels: raster, column, patch:N, snake, spiral, spiral:out, "
        "hilbert or zcurve.  [default: raster]",
    ),
    _fit,
    _background,
    _limit,
    _alpha,
)
tiles = click.option(
    "--tiles",
    metavar="PIXELS",
    help="Cut sheets and strips into pictures of this size, 16 or WIDTHxHEIGHT, which --size then "
    "is, too; empty ones are left out.",
)
PICTURES = ("size", "colors", "order", "fit", "background", "limit", "alpha", "tiles")
