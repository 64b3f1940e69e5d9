"""Paint a photograph in the style of a picture, and leave its people as they are.

Usage:
  stylize.py --content=<path> --style=<pictures> --save=<path> [options]
  stylize.py --show=<picture>
  stylize.py --help

Options:
  --content=<path>         The photo; or a folder of photos, or a pattern in quotes ('holiday/*.jpg').
  --style=<pictures>       The picture whose style the painting takes; several, separated by commas, are blended.
  --save=<path>            The painting, at the photo's own size; without an ending a .jpg. For many photos, a folder.
  --similarity=<names>     What to stay close to: content, balanced or style. Several, separated by commas, are all
                           painted, with a labelled sheet of them [default: balanced].
  --epochs=<n>             The most optimisation steps in all, coarse to fine; painting stops earlier when nothing
                           is gained [default: 500].
  --keep=<part>            The part to keep untouched: figure, background or none [default: figure].
  --keep_classes=<names>   The classes that make up the figure, separated by commas, if the network knows several:
                           person,bicycle; if left out, those that its record calls the figure.
  --mask=<path>            Your own mask, white = figure, instead of a network's; for many photos, a folder of masks.
  --model=<file>           The network that finds the figure; or a segmenter of KerasHub, by name or as a folder
                           [default: model/person.keras].
  --feather=<px>           Over how many pixels the kept part fades into the painting [default: 2].
  --size=<px>              The long side while painting, at most the photo's own; full: the photo's own [default: 512].
  --scales=<n>             The most sizes to paint at, each half of the next. More scales give larger shapes, 1
                           stays closest to the photo [default: 5].
  --network=<name>         vgg19 paints best; mini, a thin network that has learnt from it and comes with the project,
                           takes a third of the time; instant draws in one go what mini sees. auto: vgg19 if its
                           weights are here or can be downloaded, else instant [default: auto].
  --vgg_weights=<file>     The weights of that network, instead of those that Keras downloads once or that come with
                           the project.
  --style_weight=<x>       How much the style counts [default: 10].
  --content_weight=<x>     How much the content counts [default: 1].
  --tv_weight=<x>          How much smoothness counts [default: 2].
  --method=<name>          match: paint each place with the strokes of the style that fit it best; moments or gram:
                           let the statistics of the features equal those of the style, their means and covariances
                           or their Gram matrices, as in 2015 [default: match].
  --turns=<x>              on or off: whether matching may also turn the style by a quarter, a half and three quarters
                           of a circle [default: on].
  --style_scale=<x>        The long side of the style, as a multiple of the photo's; larger for broader strokes
                           [default: 1].
  --style_mask=<picture>   Which part of the style to paint with: white = use it. For a single style.
  --blend=<weights>        How much each of several styles counts, separated by commas; equally if left out.
  --each                   Paint the photo in each of several styles by itself, with a labelled sheet to choose from.
  --color=<source>         style: take the style's colours; content: keep the photo's and paint its luminance only
                           [default: style].
  --init=<what>            How the canvas starts: instant (as --network=instant paints, so that few steps remain),
                           content, noise, or a picture to continue from. If left out: instant with --method=match,
                           else content.
  --averaging=<x>          Average the last steps, 0 to 0.99; 0.9 averages about ten [default: 0].
  --seed=<n>               The same seed on the same machine gives the same painting [default: 0].
  --precision=<name>       auto (the faster one on this machine), float32 or bfloat16 [default: auto].
  --evolution=<file>       An animation of the painting coming into being, .gif or .webp.
  --snapshots=<steps>      Also save the picture at these steps, separated by commas: 100,200.
  --panel=<file>           Content, style, snapshots and painting side by side.
  --parts=<file>           The kept part, the painted part and their sum side by side.
  --force                  Paint all photos of a folder again. If left out, photos that are done already, with the
                           same options, are skipped.
  --cluster=<address>      Let the workers of a Dask cluster paint, tcp://host:8786, or local:<n>, n workers on this
                           machine.
  --record=<what>          What a painting tells about the files it was made from: names (and checksums), or full:
                           also where they lie, and so perhaps who you are [default: names].
  --show=<picture>         Print how a painting was made, and do nothing else.
  --help                   Show this text.

Examples:
  stylize.py --content=me.jpg --style=monet.jpg --save=painted
  stylize.py --content=me.jpg --style=monet.jpg --save=painted.png --keep=background --mask=me_mask.png
  stylize.py --content=holiday --style=monet.jpg,munch.jpg --blend=2,1 --save=paintings
"""

from cluster.address import cluster_address
from command.options import (
    list_of,
    number,
    one_of,
    path,
    path_or,
    quiet_libraries,
    read_options,
    text,
    typed_path,
    whole,
    whole_or,
)
from command.process import run

OPTIONS = {
    "--content": typed_path,
    "--style": list_of(path),
    "--save": typed_path,
    "--similarity": list_of(one_of("content", "balanced", "style")),
    "--epochs": whole(1, 1_000_000),
    "--keep": one_of("figure", "background", "none"),
    "--keep_classes": list_of(text),
    "--mask": path,
    "--model": path,
    "--feather": whole(0, 500),
    "--size": whole_or("full", 64, 16384),
    "--scales": whole(1, 20),
    "--network": one_of("auto", "vgg19", "mini", "instant"),
    "--vgg_weights": path,
    "--style_weight": number(0, 1e6),
    "--content_weight": number(0, 1e6),
    "--tv_weight": number(0, 1e6),
    "--method": one_of("match", "moments", "gram"),
    "--turns": one_of("on", "off"),
    "--style_mask": path,
    "--style_scale": number(0.05, 8),
    "--blend": list_of(number(0, 1e6)),
    "--color": one_of("style", "content"),
    "--init": path_or("instant", "content", "noise"),
    "--averaging": number(0, 0.99),
    "--seed": whole(0, 2**31 - 1),
    "--precision": one_of("auto", "float32", "bfloat16"),
    "--evolution": path,
    "--snapshots": list_of(whole(1, 1_000_000)),
    "--panel": path,
    "--parts": path,
    "--cluster": cluster_address,
    "--record": one_of("names", "full"),
    "--show": path,
}


def main(argv):
    options = read_options(__doc__, OPTIONS, argv)
    picture = options.pop("show")
    if picture:
        from pictures.images import show_record

        return show_record(picture)
    with quiet_libraries():
        from studio.studio import stylize
    stylize(**options)


if __name__ == "__main__":
    run(main)
