"""Load the networks that paint, and settle what the options leave open about them."""

from functools import cache

from networks.hardware import choose_precision, choose_quickly
from studio.orders import needs_steps
from style import features
from style.methods import METHODS
from utils import UserError


class Networks:
    """The networks of one call of stylize.py; each is loaded once."""

    def __init__(self, options, loaded):
        """Settles --network=auto, and --init if it was left out, in `options`.

        loaded: {(name, weights, precision): network}, those that are here already; new ones are added.
        """
        self.options, self.loaded = options, loaded
        self.choose, self.choose_quickly = cache(choose_precision), cache(choose_quickly)
        if options.network == "auto":
            options.network = self._best()
        if options.network == "instant":
            self.instant = self._once("instant", features.instant, options.vgg_weights, self.precision)
            return
        options.init = options.init or METHODS[options.method]().init
        self.load(self.precision)
        if options.init == "instant":
            self.instant = self._once("instant", features.instant, None, self.precision)

    def load(self, precision):
        """The network that judges the painting."""
        name = self.options.network
        return self._once(name, features.NETWORKS[name], self.options.vgg_weights, precision)

    def _once(self, name, load, weights, precision):
        key = name, weights, precision
        if key not in self.loaded:
            self.loaded[key] = load(weights, precision)
        return self.loaded[key]

    def _best(self):
        """The name of the best network that is at hand."""
        self.options.network = "vgg19"
        try:
            self.load(self.precision)
            return "vgg19"
        except UserError as error:
            if self.options.vgg_weights:
                raise
            name = "mini" if needs_steps(self.options) else "instant"
            print(f"painting with --network={name}, since {error}")
            return name

    @property
    def precision(self):
        """The precision of the networks; for a painting without steps it is to be found in a moment."""
        choose = self.choose_quickly if self.options.network == "instant" else self.choose
        return choose(self.options.precision)
